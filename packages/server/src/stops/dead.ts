import type { AccessToken } from '@credence/mcp/protocol';
import type { Store } from '../store/store.ts';
import { isTokenStopped, type StopIndex } from './judge.ts';

/** Whether an access token of ours holds no more: stopped, revoked by itself, or of somebody who is cut off. */
export async function isDead(token: AccessToken, stops: StopIndex, store: Pick<Store, 'isMarked' | 'cutOffs'>) {
  if (isTokenStopped(stops, token)) return true;
  return (await store.isMarked('token_revoked', token.id)) || store.cutOffs.isCutOff(token.subject, token.issuedAt);
}
