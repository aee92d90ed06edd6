import { createTheme } from '@mantine/core';

const modal = { lockScroll: false, transitionProps: { duration: 120, transition: 'fade' } } as const;

/** Mantine in our tokens (theme/tokens.css and theme/mantine.css): what it brings is behaviour, not look. */
export const theme = createTheme({
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 5,
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    // Mantine would lock the page by a style element, which the policy of the page refuses: base.css does it.
    Modal: { defaultProps: modal },
    ModalRoot: { defaultProps: modal },
    Menu: { defaultProps: { transitionProps: { duration: 120 }, position: 'bottom-end', offset: 4 } },
    Select: { defaultProps: { allowDeselect: false, checkIconPosition: 'right' } },
  },
});
