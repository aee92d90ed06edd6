/** The mark: a sealed letter, its corner folded. */
export function Seal() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M4 2.5h8.5l4 4v11h-12.5z" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
      <path d="M6.5 7h3.5" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
      <circle cx="12" cy="12.5" r="2.6" fill="currentColor" />
    </svg>
  );
}

/** The glass of everything that searches. */
export function Glass() {
  return (
    <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
      <path
        d="M10.3 6a4.3 4.3 0 1 1-8.6 0 4.3 4.3 0 0 1 8.6 0zM9.3 9.3l3.7 3.7"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
      />
    </svg>
  );
}
