import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useRead } from './data/api.ts';
import { MeContext } from './data/me.ts';
import { signInNeeded, toProblem } from './data/problem.ts';
import { createQueries } from './data/queries.ts';
import { ErrorNote } from './parts/states.tsx';
import { createConsoleRouter } from './router.tsx';
import { Lead, PlainPage } from './session/plain-page.tsx';
import { markSignedIn, signedInPath } from './session/sign-in.ts';
import { SignInDialog } from './session/sign-in-dialog.tsx';
import { OutAgain, SignedIn, SignedOut } from './session/signed-out.tsx';
import { theme } from './theme/theme.ts';

/** The whole console. */
export function App() {
  const queries = useMemo(createQueries, []);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>{pageWithoutShell() ?? <SignedInOnly />}</QueryClientProvider>
    </MantineProvider>
  );
}

/** Addresses that need nobody to be signed in. */
function pageWithoutShell(): React.ReactNode {
  if (location.pathname === signedInPath) return <SignedIn />;
  return location.pathname === '/signed-out' ? <OutAgain /> : undefined;
}

function SignedInOnly() {
  const { data, error, refetch } = useRead('getMe', {});
  const router = useMemo(createConsoleRouter, []);
  const isOther = data !== undefined && !markSignedIn(data.value.id);
  useEffect(() => {
    if (isOther) location.reload();
  }, [isOther]);
  if (isOther) return null;
  if (data) {
    return (
      <MeContext value={data.value}>
        <RouterProvider router={router} />
        <SignInDialog />
      </MeContext>
    );
  }
  if (!error) return null;
  const problem = toProblem(error);
  if (signInNeeded(problem) === 'out') return <SignedOut />;
  return (
    <PlainPage title={problem.title}>
      <Lead>{problem.detail}</Lead>
      <ErrorNote error={error} onRetry={() => void refetch()} />
    </PlainPage>
  );
}
