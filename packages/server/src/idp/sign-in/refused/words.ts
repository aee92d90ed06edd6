import type { RefusalKind } from './kind.ts';
import { inWords } from './scope-words.ts';

/** What is named in the words, for people to read. */
export interface Names {
  readonly organisation: string;
  readonly agent: string;
  /** `undefined` where it was refused before a server was looked at. */
  readonly server: string | undefined;
  /** `write issues`, where the names of the scopes say so. */
  readonly doing: string | undefined;
  /** What the agent called, in its own words. */
  readonly tool?: string | undefined;
  /** Something else is given there, and goes on. */
  readonly partly: boolean;
  /** Other agents that have it. */
  readonly through: readonly string[];
  /** What kind of sign-in is asked for. */
  readonly needs: 'fresh' | 'factor';
}

export interface Words {
  readonly title: string;
  /** Which kind of reason it was, and whether trying again helps. */
  readonly lead: string;
}

/** Agents that are named at most. */
const mostNames = 3;
const inVain = 'Trying again, or signing in again, will not change it.';

/** What was refused, by which kind of reason, and whether trying again helps. Nothing of rules, scopes or other people. */
export function toWords(kind: RefusalKind, names: Names): Words {
  const { organisation, agent, partly, needs } = names;
  const server = names.server ?? 'this';
  const title = `${agent} may not ${whatOf(names)} for you.`;
  const rest = partly ? ' What it could do there before works as before.' : '';
  const told: Readonly<Record<RefusalKind, Words>> = {
    not_given: { title, lead: `${organisation} has not given this to you. It is not a fault. ${inVain}${rest}` },
    other_agent: {
      title,
      lead: `${organisation} has given it to you through ${othersOf(names)}, not through ${agent}. There it works; here trying again will not change it.`,
    },
    other_place: {
      title,
      lead: `${organisation} has given it to you from certain networks only, such as the office or its VPN. From there it works: connect, then try again.`,
    },
    other_time: {
      title,
      lead: `${organisation} has given it to you at certain hours only. Within them it works: try again then.`,
    },
    ended: { title, lead: `${organisation} had given it to you for a time, which is over. ${inVain}${rest}` },
    ruled_out: { title, lead: `${organisation} has ruled this out. It is not a fault. ${inVain}${rest}` },
    weak_sign_in: {
      title,
      lead: `${organisation} asks for a stronger sign-in for this than the one you had. Sign out, sign in again with your second factor, then try again.`,
    },
    sign_in:
      needs === 'factor'
        ? {
            title: `${agent} needs you to sign in with a second factor.`,
            lead: `${organisation} asks for one before ${agent} may ${whatOf(names)} for you. Sign in to ${agent} again; you are asked for it there. Then it works.`,
          }
        : {
            title: `${agent} needs you to sign in again.`,
            lead: `Your last sign-in is too long ago for ${agent} to ${whatOf(names)} for you. Sign in to ${agent} again. Then it works.`,
          },
    apart: {
      title: `${agent} may not ${whatOf(names)} in this session.`,
      lead: `It must not come together with what your agents have had in this session already. Sign out, sign in again, and begin with this.`,
    },
    key: {
      title,
      lead: `For this ${agent} has to prove that it is the copy on your own computer, and it did not. Trying again will not change it: tell whoever looks after ${agent}, with the reference.`,
    },
    stopped: {
      title: `${agent} cannot ${whatOf(names)} for now.`,
      lead: `Somebody at ${organisation} has stopped it for a while. You need not do anything: try again later.`,
    },
    switched_off: {
      title,
      lead: `${organisation} has switched ${server} off for agents. ${inVain}`,
    },
    second_check: {
      title,
      lead: `Another system of ${organisation}, which is asked as well, did not let it through. Trying again will not change it: tell whoever looks after access, with the reference.`,
    },
    mistaken: {
      title: `${agent} asked for something that is not there.`,
      lead: `It asked for what ${server} does not have. That is a fault in how ${agent} is set up: tell whoever looks after it, with the reference.`,
    },
    tool_off: {
      title,
      lead: `${organisation} does not let agents use it there. It is not a fault. ${inVain} If you need it, tell whoever looks after access, with the reference.`,
    },
    taken_back: {
      title: `${agent} cannot go on with what it had.`,
      lead: `What it was let in with at ${server} was taken back: you signed out, your access changed, or somebody stopped it. Let ${agent} connect again: it is let in, or told why not.`,
    },
    not_asked: {
      title: `${agent} has not asked to ${whatOf(names)} for you.`,
      lead: `${organisation} gives it to you, and ${agent} came without it. Let ${agent} connect to ${server} again, and try again. Then it works.`,
    },
    other: {
      title: `${agent} was refused.`,
      lead: `${organisation} did not let it do this. Tell whoever looks after access, with the reference.`,
    },
  };
  return told[kind];
}

function whatOf({ doing, tool, partly, server }: Names): string {
  if (server === undefined) return 'act';
  if (doing !== undefined) return `${doing} on ${server}`;
  // Longer, or with other letters, it may be anything that somebody wants read here.
  if (tool !== undefined) return /^[\w.:/-]{1,64}$/.test(tool) ? `use ${tool} on ${server}` : `use this on ${server}`;
  return partly ? `do this on ${server}` : `reach ${server}`;
}

function othersOf({ through }: Names): string {
  const named = through.slice(0, mostNames);
  return through.length > mostNames ? `${named.join(', ')} and others` : inWords(named);
}
