import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { watchHands } from './session/idle.ts';
import './theme/tokens.css';
import './theme/mantine.css';
import './theme/base.css';

watchHands(document);
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
