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
    // What there is to choose is drawn when somebody looks at it: a hundred options in each of four closed lists took longer than the page.
    Select: {
      defaultProps: { allowDeselect: false, checkIconPosition: 'right', comboboxProps: { keepMounted: false } },
    },
  },
});
