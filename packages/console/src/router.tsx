import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  parseSearchWith,
  stringifySearchWith,
} from '@tanstack/react-router';
import type { Page } from './pages/page.ts';
import { pages } from './pages/pages.ts';
import { ErrorNote, Loading } from './parts/states.tsx';
import { Framed, NoPage, Shell } from './shell/shell.tsx';

/** The pages as routes, each loaded when it is first looked at, or pointed at. */
export function createConsoleRouter() {
  const root = createRootRoute({ component: Shell, notFoundComponent: NoPage });
  return createRouter({
    routeTree: root.addChildren(
      pages.map((page) =>
        createRoute({
          getParentRoute: () => root,
          path: page.path,
          component: toComponent(page),
          // The page of another thing begins anew: what was typed, asked or shown of one must not stand there of the other.
          remountDeps: ({ params }) => params,
        }),
      ),
    ),
    defaultPreload: 'intent',
    defaultPendingComponent: () => <Loading title rows={6} />,
    defaultErrorComponent: ({ error, reset }) => <ErrorNote error={error} onRetry={reset} />,
    scrollRestoration: true,
    // What stands in an address is text: nothing of it is read as JSON.
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(String),
  });
}

function toComponent(page: Page) {
  const Body = lazyRouteComponent(page.load, 'Page');
  const Shown = () => (
    <Framed page={page}>
      <Body />
    </Framed>
  );
  return Object.assign(Shown, Body.preload && { preload: Body.preload });
}
