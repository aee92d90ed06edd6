import { accessRoutes } from './access.ts';
import { administratorRoutes } from './administrators.ts';
import { catalogueRoutes } from './catalogue.ts';
import { changeRoutes } from './changes.ts';
import { clientDetailRoutes } from './client-detail.ts';
import { clientRoutes } from './clients.ts';
import { draftEffectRoutes } from './draft-effects.ts';
import { draftRoutes } from './drafts.ts';
import { enableServerRoutes } from './enable-server.ts';
import { explainRoutes } from './explain-record.ts';
import { exportRoutes } from './exports.ts';
import { figureRoutes } from './figures.ts';
import { groupRoutes } from './groups.ts';
import { keyRoutes } from './keys.ts';
import { liveRoutes } from './live-records.ts';
import { meRoutes } from './me.ts';
import { nameRoutes } from './names.ts';
import { overviewRoutes } from './overview.ts';
import { peopleRoutes } from './people.ts';
import { peopleImportRoutes } from './people-import.ts';
import { peopleNameRoutes } from './people-names.ts';
import { personRoutes } from './person.ts';
import { planRoutes } from './plan.ts';
import { policyRoutes } from './policies.ts';
import { reachRoutes } from './reach.ts';
import { reachExportRoutes } from './reach-export.ts';
import { reachPathRoutes } from './reach-paths.ts';
import { reachPeopleRoutes } from './reach-people.ts';
import { reachUnusedRoutes } from './reach-unused.ts';
import { recordExportRoutes } from './record-export.ts';
import { recordStateRoutes } from './record-state.ts';
import { recordRoutes } from './records.ts';
import { requestRoutes } from './requests.ts';
import type { Route } from './route.ts';
import { serverRoutes } from './servers.ts';
import { sessionRoutes } from './sessions.ts';
import { sourceRoutes } from './sources.ts';
import { standingRoutes } from './standing.ts';
import { stopRoutes } from './stops.ts';
import { tokenRoutes } from './tokens.ts';

/** Every operation of the admin API: a file for each resource. */
export const routes: readonly Route[] = [
  ...meRoutes,
  ...overviewRoutes,
  ...figureRoutes,
  ...peopleRoutes,
  ...peopleNameRoutes,
  ...peopleImportRoutes,
  ...personRoutes,
  ...sessionRoutes,
  ...groupRoutes,
  ...administratorRoutes,
  ...tokenRoutes,
  ...nameRoutes,
  ...clientRoutes,
  ...clientDetailRoutes,
  ...serverRoutes,
  ...enableServerRoutes,
  ...catalogueRoutes,
  ...accessRoutes,
  ...standingRoutes,
  ...reachRoutes,
  ...reachPathRoutes,
  ...reachPeopleRoutes,
  ...reachUnusedRoutes,
  ...reachExportRoutes,
  ...policyRoutes,
  ...draftRoutes,
  ...planRoutes,
  ...draftEffectRoutes,
  ...changeRoutes,
  ...keyRoutes,
  ...sourceRoutes,
  ...recordRoutes,
  ...recordStateRoutes,
  ...recordExportRoutes,
  ...exportRoutes,
  ...liveRoutes,
  ...explainRoutes,
  ...requestRoutes,
  ...stopRoutes,
];
