import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { pageAt } from './pages/pages.ts';
import { watchHands } from './session/idle.ts';
import './theme/tokens.css';
import './theme/mantine.css';
import './theme/base.css';

// What comes back out of the browser's own cache is what somebody saw before, whoever is there now.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
watchHands(document);
// The page that is looked at, while it is asked who looks at it. What is not to be had is said where it is shown.
pageAt(location.pathname)
  ?.load()
  .catch(() => undefined);
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
