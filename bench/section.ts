/**
 * A document with one section of it written anew; it goes before "Run it" where it is not there yet. Sections begin with a heading
 * of the second level.
 */
export function withSection(document: string, heading: string, section: string): string {
  const parts = document.split(/^(?=## )/m);
  const isIt = (part: string) => part.startsWith(`## ${heading}\n`);
  const written = `${section.trimEnd()}\n\n`;
  if (parts.some(isIt))
    return `${parts
      .map((part) => (isIt(part) ? written : part))
      .join('')
      .trimEnd()}\n`;
  const last = parts.findIndex((part) => part.startsWith('## Run it\n'));
  parts.splice(last < 0 ? parts.length : last, 0, written);
  return `${parts.join('').trimEnd()}\n`;
}

/** A document written anew, with those sections of the old one that somebody else writes. */
export function keepingSections(document: string, old: string, headings: readonly string[]): string {
  const parts = old.split(/^(?=## )/m);
  return headings.reduce((text, heading) => {
    const kept = parts.find((part) => part.startsWith(`## ${heading}\n`));
    return kept === undefined ? text : withSection(text, heading, kept);
  }, document);
}
