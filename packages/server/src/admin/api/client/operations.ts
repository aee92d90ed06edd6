// Made by npm run api-client from the operations of the admin API. Not to be changed by hand.
// Made of: 82HICNl9EtUBmMJTOwKQabmcHDt0R74BPcgJUHbcuTQ

/** Every operation of the admin API: what it takes, and what it answers. */
export interface Operations {
  /** Who I am, and what I may do. */
  getMe: {
    method: 'GET';
    path: '/me';
    answer: {
      id: string;
      email: string;
      name: string;
      role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk';
      permissions: readonly (
        | 'read:overview'
        | 'read:people'
        | 'write:people'
        | 'read:groups'
        | 'write:groups'
        | 'read:policy'
        | 'apply'
        | 'publish'
        | 'approve'
        | 'read:reach'
        | 'read:requests'
        | 'answer:requests'
        | 'write:credentials'
        | 'read:keys'
        | 'read:sources'
        | 'write:sources'
        | 'read:audit'
        | 'read:administrators'
        | 'write:administrators'
        | 'read:tokens'
        | 'write:tokens'
        | 'probe'
        | 'stop'
        | 'resume'
      )[];
      credential: 'token' | 'session';
      signedInAt: number | null;
      organisation: string;
      demo: boolean;
    };
  };
  /** End the session this request came with; the sign-in at the identity provider stands. */
  signOut: { method: 'DELETE'; path: '/me/session'; answer: undefined };
  /** What runs here. */
  getOverview: {
    method: 'GET';
    path: '/overview';
    answer: {
      organisation: string;
      demo: boolean;
      roles: readonly string[];
      urls: { admin: string; idp: string; ras: string };
      accessVersion: number | null;
      resourceVersion: number | null;
      servers: number;
      clients: number;
      administrators: number;
      record: { last: number; indexed: number };
    };
  };
  /** Decisions over time, why people were refused, and what waits to be looked at. */
  getFigures: {
    method: 'GET';
    path: '/overview/figures';
    query: { hours?: number };
    answer: {
      sinceMs: number;
      stepMs: number;
      totals: { allowed: number; narrowed: number; refused: number; signInAgain: number };
      before: { allowed: number; narrowed: number; refused: number; signInAgain: number };
      series: readonly { allowed: number; narrowed: number; refused: number; signInAgain: number; atMs: number }[];
      reasons: readonly { reason: string; words: string; lines: number }[];
      people: { withAgents: number; all: number };
      consentsAvoided: { ever: number };
      trouble: readonly {
        kind: 'server' | 'client';
        id: string;
        name: string;
        what: 'stopped' | 'refusals' | 'old_secret';
        words: string;
      }[];
      toDo: readonly {
        what: 'first_server' | 'first_rule' | 'stops' | 'one_owner' | 'record_behind' | 'demo';
        words: string;
        count: number;
      }[];
    };
  };
  /** Find people, by e-mail address. */
  listPeople: {
    method: 'GET';
    path: '/people';
    query: {
      limit?: number;
      cursor?: string;
      q?: string;
      source?: string;
      active?: 'true' | 'false';
      group?: string;
      role?: string;
    };
    answer: {
      items: readonly {
        id: string;
        source: string;
        email: string;
        name: string;
        active: boolean;
        groups: readonly string[];
        roles: readonly string[];
      }[];
      next: string | null;
    };
  };
  /** Add somebody to the local directory, in no group yet; invite them with credence person invite. */
  createPerson: {
    method: 'POST';
    path: '/people';
    body: { email: string; name: string };
    answer: {
      id: string;
      source: string;
      email: string;
      name: string;
      active: boolean;
      groups: readonly string[];
      roles: readonly string[];
      administers: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' | null;
      hasPassword: boolean;
    };
  };
  /** One person. */
  getPerson: {
    method: 'GET';
    path: '/people/{id}';
    params: { id: string };
    answer: {
      id: string;
      source: string;
      email: string;
      name: string;
      active: boolean;
      groups: readonly string[];
      roles: readonly string[];
      administers: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' | null;
      hasPassword: boolean;
    };
  };
  /** Change name or e-mail address of somebody of the local directory. */
  changePerson: {
    method: 'PATCH';
    path: '/people/{id}';
    params: { id: string };
    body: { email?: string; name?: string };
    ifMatch: string;
    answer: {
      id: string;
      source: string;
      email: string;
      name: string;
      active: boolean;
      groups: readonly string[];
      roles: readonly string[];
      administers: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' | null;
      hasPassword: boolean;
    };
  };
  /** Switch somebody off, whatever their source says: nothing more is issued. */
  switchPersonOff: {
    method: 'POST';
    path: '/people/{id}/off';
    params: { id: string };
    answer: {
      id: string;
      source: string;
      email: string;
      name: string;
      active: boolean;
      groups: readonly string[];
      roles: readonly string[];
      administers: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' | null;
      hasPassword: boolean;
    };
  };
  /** Let somebody in again who was switched off here. */
  switchPersonOn: {
    method: 'POST';
    path: '/people/{id}/on';
    params: { id: string };
    answer: {
      id: string;
      source: string;
      email: string;
      name: string;
      active: boolean;
      groups: readonly string[];
      roles: readonly string[];
      administers: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' | null;
      hasPassword: boolean;
    };
  };
  /** Names of people, by their ids; of ids that are nobody’s there is nothing. */
  namePeople: {
    method: 'GET';
    path: '/people/names';
    query: { ids: string };
    answer: { items: readonly { id: string; email: string; name: string }[] };
  };
  /** Add and rename people of the local directory by a table of 2000 at most: CSV with email, name, groups. */
  importPeople: {
    method: 'POST';
    path: '/people/import';
    body: { csv: string; dryRun: boolean };
    answer: {
      rows: readonly {
        line: number;
        email: string;
        name: string;
        outcome: 'new' | 'renamed' | 'unchanged' | 'failed';
        problem: string | null;
        person: string | null;
      }[];
      groups: readonly { ref: string; id: string; name: string; joining: number; people: readonly string[] }[];
    };
  };
  /** Second factors of a person, and how many recovery codes are left; never what is secret of them. */
  listFactors: {
    method: 'GET';
    path: '/people/{id}/factors';
    params: { id: string };
    answer: {
      items: readonly {
        id: string;
        kind: 'totp' | 'passkey';
        name: string;
        synced: boolean;
        createdAt: number;
        lastUsedAt: number | null;
      }[];
      recoveryCodesLeft: number;
    };
  };
  /** Sign-ins that stand, of everybody or of one person. */
  listSessions: {
    method: 'GET';
    path: '/sessions';
    query: { limit?: number; cursor?: string; person?: string };
    answer: {
      items: readonly {
        id: string;
        person: string;
        startedAt: number | null;
        expiresAt: number | null;
        acr: string | null;
        amr: readonly string[];
        clients: readonly string[];
        upstream: string | null;
      }[];
      next: string | null;
    };
  };
  /** End a sign-in, with the refresh tokens that hang on it. */
  endSession: { method: 'DELETE'; path: '/sessions/{id}'; params: { id: string }; answer: undefined };
  /** End every sign-in of a person, and what is just being issued to them. */
  endSessionsOfPerson: { method: 'DELETE'; path: '/people/{id}/sessions'; params: { id: string }; answer: undefined };
  /** Groups, or roles, of every source, by id. */
  listGroups: {
    method: 'GET';
    path: '/groups';
    query: { limit?: number; cursor?: string; kind?: 'group' | 'role'; q?: string };
    answer: {
      items: readonly {
        ref: string;
        kind: 'group' | 'role';
        id: string;
        source: string;
        name: string;
        createdMs: number;
        modifiedMs: number;
        people: number;
      }[];
      next: string | null;
    };
  };
  /** Make a local group or role, with nobody in it. */
  createGroup: {
    method: 'POST';
    path: '/groups';
    body: { kind: 'group' | 'role'; id: string; name?: string };
    answer: {
      ref: string;
      kind: 'group' | 'role';
      id: string;
      source: string;
      name: string;
      createdMs: number;
      modifiedMs: number;
      people: number;
    };
  };
  /** One group or role. */
  getGroup: {
    method: 'GET';
    path: '/groups/{ref}';
    params: { ref: string };
    answer: {
      ref: string;
      kind: 'group' | 'role';
      id: string;
      source: string;
      name: string;
      createdMs: number;
      modifiedMs: number;
      people: number;
    };
  };
  /** Change the display name of a local group; rules go by the id and are not touched. */
  renameGroup: {
    method: 'PATCH';
    path: '/groups/{ref}';
    params: { ref: string };
    body: { name: string };
    ifMatch: string;
    answer: {
      ref: string;
      kind: 'group' | 'role';
      id: string;
      source: string;
      name: string;
      createdMs: number;
      modifiedMs: number;
      people: number;
    };
  };
  /** Delete a local group; everybody leaves it. */
  deleteGroup: { method: 'DELETE'; path: '/groups/{ref}'; params: { ref: string }; ifMatch: string; answer: undefined };
  /** Who is in it. */
  listMembers: {
    method: 'GET';
    path: '/groups/{ref}/members';
    params: { ref: string };
    query: { limit?: number; cursor?: string };
    answer: {
      items: readonly {
        id: string;
        source: string;
        email: string;
        name: string;
        active: boolean;
        groups: readonly string[];
        roles: readonly string[];
      }[];
      next: string | null;
    };
  };
  /** Put people into a local group, and take people out. */
  changeMembers: {
    method: 'POST';
    path: '/groups/{ref}/members';
    params: { ref: string };
    body: { add?: readonly string[]; remove?: readonly string[] };
    answer: {
      ref: string;
      kind: 'group' | 'role';
      id: string;
      source: string;
      name: string;
      createdMs: number;
      modifiedMs: number;
      people: number;
    };
  };
  /** Those who administer. */
  listAdministrators: {
    method: 'GET';
    path: '/administrators';
    answer: {
      items: readonly {
        person: string;
        email: string;
        name: string;
        active: boolean;
        role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk';
        grantedAt: number;
        breakGlass: boolean;
      }[];
    };
  };
  /** Make somebody an administrator, or give them another role instead. */
  grantRole: {
    method: 'PUT';
    path: '/administrators/{id}';
    params: { id: string };
    body: { role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' };
    answer: undefined;
  };
  /** Take the role of somebody away, with their tokens and sessions here. */
  revokeRole: { method: 'DELETE'; path: '/administrators/{id}'; params: { id: string }; answer: undefined };
  /** API tokens: my own, or as an owner everybody’s. */
  listTokens: {
    method: 'GET';
    path: '/tokens';
    query: { limit?: number; cursor?: string };
    answer: {
      items: readonly {
        id: string;
        administrator: string;
        name: string;
        scopes: readonly string[];
        createdAt: number;
        expiresAt: number;
        lastUsedAt: number | null;
      }[];
      next: string | null;
    };
  };
  /** Make an API token with my role or less; it is shown this once. */
  createToken: {
    method: 'POST';
    path: '/tokens';
    body: {
      name: string;
      scopes: readonly (
        | 'read:overview'
        | 'read:people'
        | 'write:people'
        | 'read:groups'
        | 'read:policy'
        | 'apply'
        | 'read:reach'
        | 'read:requests'
        | 'read:keys'
        | 'read:sources'
        | 'read:audit'
        | 'read:administrators'
        | 'read:tokens'
        | 'stop'
      )[];
      days: number;
    };
    answer: {
      id: string;
      administrator: string;
      name: string;
      scopes: readonly string[];
      createdAt: number;
      expiresAt: number;
      lastUsedAt: number | null;
      token: string;
    };
  };
  /** Revoke an API token; it stops working at once. */
  revokeToken: { method: 'DELETE'; path: '/tokens/{id}'; params: { id: string }; answer: undefined };
  /** Names of all servers and clients of the policy in force, and nothing else about them. */
  listNames: {
    method: 'GET';
    path: '/names';
    answer: {
      granted: { servers: readonly { id: string; name: string }[]; clients: readonly { id: string; name: string }[] };
      others: { servers: readonly { id: string; name: string }[]; clients: readonly { id: string; name: string }[] };
    };
  };
  /** Clients of the policy in force, on one side or on both. */
  listClients: {
    method: 'GET';
    path: '/clients';
    query: { side?: 'idp' | 'ras' };
    answer: {
      items: readonly {
        side: 'idp' | 'ras';
        id: string;
        name: string;
        proof: 'secret' | 'keys' | 'metadata' | 'workload' | 'certificate' | 'none';
        redirectUris: readonly string[];
        distributed: boolean;
        secrets: readonly { fingerprint: string; createdAt: number }[];
      }[];
    };
  };
  /** Make a secret for a client; it is shown this once. */
  createSecret: {
    method: 'POST';
    path: '/clients/{side}/{id}/secrets';
    params: { side: 'idp' | 'ras'; id: string };
    answer: { secret: string; fingerprint: string; createdAt: number };
  };
  /** Remove a secret; it stops working within a second. */
  removeSecret: {
    method: 'DELETE';
    path: '/clients/{side}/{id}/secrets/{fingerprint}';
    params: { side: 'idp' | 'ras'; id: string; fingerprint: string };
    answer: undefined;
  };
  /** What each client did in the last days, and what of them is stopped. */
  listClientUse: {
    method: 'GET';
    path: '/use/clients';
    query: { days?: number; side?: 'idp' | 'ras' };
    answer: {
      sinceMs: number;
      items: readonly {
        id: string;
        use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
        stops: readonly { id: string; reason: string; by: string; at: number; endsAt: number | null }[];
      }[];
    };
  };
  /** One client on one side: how it proves itself, where it may go, and what it did. */
  getClient: {
    method: 'GET';
    path: '/clients/{side}/{id}';
    params: { side: 'idp' | 'ras'; id: string };
    query: { days?: number };
    answer: {
      side: 'idp' | 'ras';
      id: string;
      name: string;
      proof: 'secret' | 'keys' | 'metadata' | 'workload' | 'certificate' | 'none';
      redirectUris: readonly string[];
      distributed: boolean;
      secrets: readonly { fingerprint: string; createdAt: number }[];
      exchanges: boolean | null;
      metadata: string | null;
      clientIds: readonly { ras: string; clientId: string }[];
      trustedBy: readonly string[];
      stops: readonly { id: string; reason: string; by: string; at: number; endsAt: number | null }[];
      sinceMs: number;
      use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
      days: readonly { dayMs: number; issued: number; called: number; refused: number }[];
      at: readonly {
        id: string;
        use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
      }[];
    };
  };
  /** What to paste where so that a client reaches a server: commands and settings with the addresses of this installation. */
  getSetUp: {
    method: 'GET';
    path: '/clients/{side}/{id}/set-up';
    params: { side: 'idp' | 'ras'; id: string };
    query: { server?: string };
    answer: {
      server: string;
      exchanges: boolean | null;
      setUps: readonly {
        kind: 'claude-code' | 'vscode' | 'inspector' | 'sdk' | 'curl';
        name: string;
        remark: string | null;
        steps: readonly { title: string; kind: 'shell' | 'json' | 'typescript'; text: string }[];
      }[];
    };
  };
  /** MCP servers of the policy in force: as the IdP grants them, and as this resource side guards them. */
  listServers: {
    method: 'GET';
    path: '/servers';
    answer: {
      granted: readonly {
        id: string;
        name: string;
        resource: string;
        scopes: readonly { name: string; risk: 'low' | 'medium' | 'high' }[];
        defaultScopes: readonly string[];
        ras: string;
      }[];
      guarded: readonly {
        id: string;
        name: string;
        resource: string;
        scopes: readonly { name: string; risk: 'low' | 'medium' | 'high' }[];
        defaultScopes: readonly string[];
        upstream: 'http' | 'stdio' | null;
      }[];
      ras: string | null;
    };
  };
  /** What was done at each server in the last days, and what of them is stopped. */
  listServerUse: {
    method: 'GET';
    path: '/use/servers';
    query: { days?: number };
    answer: {
      sinceMs: number;
      items: readonly {
        id: string;
        use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
        stops: readonly { id: string; reason: string; by: string; at: number; endsAt: number | null }[];
      }[];
    };
  };
  /** One server: scopes with their risk and tools, who guards it, and what was done there. */
  getServer: {
    method: 'GET';
    path: '/servers/{id}';
    params: { id: string };
    query: { days?: number };
    answer: {
      id: string;
      name: string;
      resource: string;
      ras: string;
      enabled: boolean;
      granted: boolean;
      guarded: boolean;
      upstream: 'http' | 'stdio' | null;
      requiresBoundTokens: boolean | null;
      scopes: readonly { name: string; risk: 'low' | 'medium' | 'high'; unasked: boolean; tools: readonly string[] }[];
      clients: readonly { id: string; name: string; clientId: string }[];
      stops: readonly { id: string; reason: string; by: string; at: number; endsAt: number | null }[];
      use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
      days: readonly { dayMs: number; issued: number; called: number; refused: number }[];
      through: readonly {
        id: string;
        use: { issued: number; redeemed: number; called: number; refused: number; lastMs: number | null };
        people: number;
      }[];
      refusals: number;
      sinceMs: number;
    };
  };
  /** Draft that groups reach a server through clients, by one rule; nothing is in force by it. */
  enableServer: {
    method: 'POST';
    path: '/servers';
    body: {
      id: string;
      name?: string;
      resource: string;
      ras: string;
      scopes: readonly { name: string; risk: 'low' | 'medium' | 'high'; given: boolean }[];
      to: readonly string[];
      through: readonly { id: string; clientId?: string; distributed?: boolean }[];
      upstream?: { http: string };
      draft?: { id: string; revision: number };
    };
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document: { [more: string]: unknown };
      guard: { id: string; name: string } | null;
    };
  };
  /** What remains to be done by hand before agents reach a server: what cannot be seen from here stays. */
  serverSteps: {
    method: 'GET';
    path: '/servers/{id}/steps';
    params: { id: string };
    answer: {
      server: string;
      name: string;
      steps: readonly {
        about: 'trust_there' | 'client_there' | 'publish_here' | 'guard_here' | 'client_here' | 'secret' | 'set_up';
        title: string;
        words: string;
        text: string | null;
        client: string | null;
        draft?: string;
      }[];
    };
  };
  /** The same of a draft: of servers that it adds, or that clients are new at. */
  draftSteps: {
    method: 'GET';
    path: '/drafts/{id}/steps';
    params: { id: string };
    answer: {
      items: readonly {
        server: string;
        name: string;
        steps: readonly {
          about: 'trust_there' | 'client_there' | 'publish_here' | 'guard_here' | 'client_here' | 'secret' | 'set_up';
          title: string;
          words: string;
          text: string | null;
          client: string | null;
          draft?: string;
        }[];
      }[];
    };
  };
  /** Servers, clients and identity providers that are known, each field with its source and date; null = unknown. */
  getCatalogue: {
    method: 'GET';
    path: '/catalogue';
    answer: {
      servers: readonly {
        id: string;
        name: string;
        resource: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        transport: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        issuer: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        tokenEndpoint: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        audience: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        scopes: {
          value: readonly string[];
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        enterpriseManaged: {
          value: 'documented' | 'advertised' | 'partner';
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        registration: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        remarks: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
      }[];
      clients: readonly {
        id: string;
        name: string;
        metadata: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        redirectUris: {
          value: readonly string[];
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        authentication: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        enterpriseManaged: {
          value: 'documented' | 'advertised' | 'partner';
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        issuer: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        setUp: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        remarks: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
      }[];
      identityProviders: readonly {
        id: string;
        name: string;
        issuer: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        tokenEndpoint: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        setUp: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
        remarks: {
          value: string;
          kind: 'vendor_document' | 'metadata' | 'third_party';
          source: string;
          date: string;
        } | null;
      }[];
    };
  };
  /** Ask a server and its authorization servers what they say of themselves, and what is missing for ID-JAGs. */
  probeServer: {
    method: 'POST';
    path: '/probes';
    body: { url: string; issuer?: string };
    answer: {
      url: string;
      resource: string | null;
      name: string | null;
      scopes: readonly string[];
      authorizationServers: readonly {
        issuer: string;
        metadata: string | null;
        tokenEndpoint: string | null;
        grants: readonly string[];
        scopes: readonly string[];
        authentication: readonly string[];
        takesIdJags: boolean | null;
        findings: readonly {
          about:
            | 'resource_metadata'
            | 'resource_matches'
            | 'authorization_server'
            | 'issuer_matches'
            | 'jwt_bearer'
            | 'id_jag_profile'
            | 'token_endpoint'
            | 'revocation';
          verdict: 'good' | 'bad' | 'unknown';
          words: string;
          evidence: string | null;
        }[];
      }[];
      findings: readonly {
        about:
          | 'resource_metadata'
          | 'resource_matches'
          | 'authorization_server'
          | 'issuer_matches'
          | 'jwt_bearer'
          | 'id_jag_profile'
          | 'token_endpoint'
          | 'revocation';
        verdict: 'good' | 'bad' | 'unknown';
        words: string;
        evidence: string | null;
      }[];
    };
  };
  /** Who may do what where: a window of the matrix of groups and servers. */
  getMatrix: {
    method: 'GET';
    path: '/access';
    query: {
      row?: number;
      rows?: number;
      column?: number;
      columns?: number;
      q?: string;
      server?: string;
      only?: 'auto' | 'all' | 'ruled' | 'used';
      cells?: 'all' | 'high' | 'unused' | 'changed';
      risk?: 'low' | 'medium' | 'high';
      fold?: string;
      client?: string;
      draft?: string;
    };
    answer: {
      version: number;
      only: 'all' | 'ruled' | 'used';
      rows: readonly {
        subject: string;
        kind: 'everyone' | 'group' | 'role' | 'user';
        id: string;
        name: string;
        source: string | null;
        people: number;
      }[];
      columns: readonly (
        | {
            id: string;
            name: string;
            ras: string;
            enabled: boolean;
            scopes: readonly { name: string; risk: 'low' | 'medium' | 'high' }[];
            kind: 'server';
            area: { id: string; name: string };
          }
        | { kind: 'area'; area: { id: string; name: string }; servers: number }
      )[];
      cells: readonly {
        subject: string;
        server: string;
        allowed: readonly string[];
        conditional: readonly string[];
        denied: readonly string[];
        own: boolean;
        changed: boolean;
      }[];
      folded: readonly {
        subject: string;
        area: string;
        bars: readonly { level: 'low' | 'medium' | 'high'; has: 'all' | 'some' | 'none' }[];
        allowed: number;
        refused: number;
        conditional: boolean;
        own: boolean;
        changed: boolean;
      }[];
      areas: readonly { id: string; name: string; servers: number; folded: boolean }[];
      totals: { rows: number; columns: number; groups: number; servers: number; rules: number };
    };
  };
  /** How many people reach each of some servers by the policy in force, each counted once; of people it may be a minute old. */
  countReach: {
    method: 'GET';
    path: '/access/counts';
    query: { servers: string };
    answer: { items: readonly { server: string; people: number }[] };
  };
  /** One cell of the matrix, taken apart: each scope, and every rule that speaks. */
  getCell: {
    method: 'GET';
    path: '/access/cell';
    query: { subject: string; server: string; client?: string; draft?: string };
    answer: {
      version: number;
      row: {
        subject: string;
        kind: 'everyone' | 'group' | 'role' | 'user';
        id: string;
        name: string;
        source: string | null;
        people: number;
      };
      column: {
        id: string;
        name: string;
        ras: string;
        enabled: boolean;
        scopes: readonly { name: string; risk: 'low' | 'medium' | 'high' }[];
      };
      clients: readonly { id: string; name: string }[];
      scopes: readonly {
        name: string;
        risk: 'low' | 'medium' | 'high';
        state: 'allowed' | 'conditional' | 'denied' | 'not_given';
        rules: readonly string[];
      }[];
      rules: readonly {
        id: string;
        effect: 'allow' | 'deny' | 'require';
        scopes: readonly string[];
        to: readonly string[];
        through: readonly string[] | null;
        needs: { acr: string | null; amr: readonly string[]; maxAgeSeconds: number | null } | null;
        from: readonly string[];
        notFrom: readonly string[];
        hours: string | null;
        until: number | null;
      }[];
    };
  };
  /** What rules say of a group or role, server by server. */
  getStandingOfGroup: {
    method: 'GET';
    path: '/groups/{ref}/standing';
    params: { ref: string };
    query: { limit?: number; cursor?: string };
    answer: {
      items: readonly {
        server: string;
        name: string;
        enabled: boolean;
        scopes: readonly {
          name: string;
          risk: 'low' | 'medium' | 'high';
          state: 'allowed' | 'conditional' | 'denied';
        }[];
        by: readonly string[];
      }[];
      next: string | null;
    };
  };
  /** What one person reaches, server by server: through which client and when last, because of whom, and what rules refuse. */
  reachOfPerson: {
    method: 'GET';
    path: '/reach/people/{id}';
    params: { id: string };
    query: { limit?: number; cursor?: string; only?: 'all' | 'reached' };
    answer: {
      active: boolean;
      items: readonly {
        server: { id: string; name: string; enabled: boolean };
        scopes: readonly {
          name: string;
          risk: 'low' | 'medium' | 'high';
          state: 'allowed' | 'conditional' | 'denied' | 'withheld';
        }[];
        by: readonly string[];
        through: readonly { client: string; scopes: readonly string[]; lastMs: number | null }[];
      }[];
      next: string | null;
    };
  };
  /** Who reaches a server: people by client, scope and group, the rules that let them, and how many of them do not use it. */
  reachOfServer: {
    method: 'GET';
    path: '/reach/servers/{id}';
    params: { id: string };
    answer: {
      server: {
        id: string;
        name: string;
        enabled: boolean;
        scopes: readonly { name: string; risk: 'low' | 'medium' | 'high'; tools: readonly string[] }[];
      };
      rules: readonly {
        id: string;
        effect: 'allow' | 'deny' | 'require';
        scopes: readonly string[];
        to: readonly string[];
        through: readonly string[] | null;
        needs: { acr: string | null; amr: readonly string[]; maxAgeSeconds: number | null } | null;
        from: readonly string[];
        notFrom: readonly string[];
        hours: string | null;
        until: number | null;
      }[];
      people: number;
      clients: readonly { client: string; people: number; used: number }[];
      scopes: readonly { scope: string; people: number }[];
      subjects: readonly { subject: string; name: string; people: number; reaching: number }[];
    };
  };
  /** Where a client may go for whom: servers that know it, with the rules that speak of it. */
  reachOfClient: {
    method: 'GET';
    path: '/reach/clients/{id}';
    params: { id: string };
    query: { limit?: number; cursor?: string };
    answer: {
      items: readonly {
        server: {
          id: string;
          name: string;
          enabled: boolean;
          scopes: readonly { name: string; risk: 'low' | 'medium' | 'high'; tools: readonly string[] }[];
        };
        rules: readonly {
          id: string;
          effect: 'allow' | 'deny' | 'require';
          scopes: readonly string[];
          to: readonly string[];
          through: readonly string[] | null;
          needs: { acr: string | null; amr: readonly string[]; maxAgeSeconds: number | null } | null;
          from: readonly string[];
          notFrom: readonly string[];
          hours: string | null;
          until: number | null;
        }[];
        clientId: string;
        used: number;
      }[];
      subjects: readonly { subject: string; name: string }[];
      next: string | null;
    };
  };
  /** How a person, a client or anybody reaches a server, or what they reach at all: path by path, and where refused ones end. */
  listPaths: {
    method: 'GET';
    path: '/reach/paths';
    query: { person?: string; client?: string; server?: string; scope?: string; draft?: string };
    answer: {
      version: number;
      person: { id: string; email: string; name: string; active: boolean } | null;
      subjects: readonly { subject: string; name: string; people: number }[];
      clients: readonly { id: string; name: string; exchanges: boolean | null }[];
      servers: readonly {
        id: string;
        name: string;
        enabled: boolean;
        scopes: readonly { name: string; risk: 'low' | 'medium' | 'high'; tools: readonly string[] }[];
      }[];
      rules: readonly {
        id: string;
        effect: 'allow' | 'deny' | 'require';
        scopes: readonly string[];
        to: readonly string[];
        through: readonly string[] | null;
        needs: { acr: string | null; amr: readonly string[]; maxAgeSeconds: number | null } | null;
        from: readonly string[];
        notFrom: readonly string[];
        hours: string | null;
        until: number | null;
        server: string;
        draft: boolean;
      }[];
      stops: readonly { kind: 'person' | 'client' | 'server'; target: string; reason: string }[];
      paths: readonly {
        subject: string;
        rule: string;
        client: string | null;
        server: string;
        scopes: readonly string[];
        state: 'allowed' | 'conditional' | 'refused';
        change: 'kept' | 'gained' | 'lost';
        conditions: readonly {
          about: 'network' | 'hours' | 'until' | 'sign_in' | 'deny' | 'key' | 'session';
          rule: string | null;
        }[];
        stop: {
          at: 'person' | 'until' | 'client' | 'exchange' | 'server' | 'deny' | 'sign_in';
          rule: string | null;
        } | null;
        lastMs: number | null;
      }[];
      more: number;
      moreServers: number;
    };
  };
  /** People who reach a server, each once: through which clients, with which scopes, by which groups, and when last. */
  listReaching: {
    method: 'GET';
    path: '/reach/servers/{id}/people';
    params: { id: string };
    query: { limit?: number; cursor?: string; client?: string; scope?: string; unused?: number };
    answer: {
      items: readonly {
        person: { id: string; email: string; name: string; source: string };
        by: readonly string[];
        through: readonly { client: string; scopes: readonly string[]; lastMs: number | null }[];
      }[];
      next: string | null;
    };
  };
  /** Servers that rules give to somebody, those first that nobody uses: how many may, and how many did. */
  listUnused: {
    method: 'GET';
    path: '/reach/unused';
    query: { days?: number; limit?: number; cursor?: string };
    answer: {
      sinceMs: number;
      unused: number;
      given: number;
      items: readonly { server: { id: string; name: string }; people: number; used: number; issued: number }[];
      next: string | null;
    };
  };
  /** Versions of a document, the newest first. */
  listVersions: {
    method: 'GET';
    path: '/policies/{kind}/versions';
    params: { kind: 'access' | 'resource' };
    query: { limit?: number; before?: number };
    answer: {
      items: readonly {
        kind: 'access' | 'resource';
        version: number;
        author: string;
        authors: readonly string[];
        approver: string | null;
        publishedAt: number;
        digest: string;
      }[];
    };
  };
  /** One version with its document. */
  getVersion: {
    method: 'GET';
    path: '/policies/{kind}/versions/{version}';
    params: { kind: 'access' | 'resource'; version: number };
    answer: {
      kind: 'access' | 'resource';
      version: number;
      author: string;
      authors: readonly string[];
      approver: string | null;
      publishedAt: number;
      digest: string;
      document: { [more: string]: unknown };
    };
  };
  /** Drafts of the policy documents, the oldest first. */
  listDrafts: {
    method: 'GET';
    path: '/drafts';
    query: { state?: 'open' | 'proposed' };
    answer: {
      items: readonly {
        id: string;
        kind: 'access' | 'resource';
        name: string;
        base: number;
        behind: boolean;
        revision: number;
        digest: string;
        state: 'open' | 'proposed';
        authors: readonly string[];
        createdAt: number;
        changedAt: number;
      }[];
    };
  };
  /** Begin a draft: of the version in force, of an older one to roll back to, or of a whole document. */
  createDraft: {
    method: 'POST';
    path: '/drafts';
    query: { document?: 'whole' | 'none' };
    body: {
      kind: 'access' | 'resource';
      name: string;
      version?: number;
      document?: { [more: string]: unknown };
      edits?: readonly {
        section: 'servers' | 'clients' | 'audiences' | 'networks' | 'rules' | 'never_together' | 'trust';
        id: string;
        value?: { [more: string]: unknown } | readonly unknown[];
      }[];
      base?: number;
    };
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document?: { [more: string]: unknown };
    };
  };
  /** A draft with its document. */
  getDraft: {
    method: 'GET';
    path: '/drafts/{id}';
    params: { id: string };
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document: { [more: string]: unknown };
    };
  };
  /** A draft without its document, which is long. */
  getDraftHead: {
    method: 'GET';
    path: '/drafts/{id}/head';
    params: { id: string };
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
    };
  };
  /** Replace the document of a draft. */
  replaceDraft: {
    method: 'PUT';
    path: '/drafts/{id}';
    params: { id: string };
    body: { document: { [more: string]: unknown } };
    ifMatch: string;
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document: { [more: string]: unknown };
    };
  };
  /** Put entries into a draft and take entries out: rules, servers, clients, networks, audiences, issuers. */
  editDraft: {
    method: 'PATCH';
    path: '/drafts/{id}';
    params: { id: string };
    query: { document?: 'whole' | 'none' };
    body: {
      edits: readonly {
        section: 'servers' | 'clients' | 'audiences' | 'networks' | 'rules' | 'never_together' | 'trust';
        id: string;
        value?: { [more: string]: unknown } | readonly unknown[];
      }[];
    };
    ifMatch: string;
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document?: { [more: string]: unknown };
    };
  };
  /** Discard a draft. */
  discardDraft: { method: 'DELETE'; path: '/drafts/{id}'; params: { id: string }; ifMatch: string; answer: undefined };
  /** Move a draft onto the version in force; entries that both have changed need a side. */
  rebaseDraft: {
    method: 'POST';
    path: '/drafts/{id}/rebase';
    params: { id: string };
    body: { prefer?: 'mine' | 'theirs' };
    ifMatch: string;
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document: { [more: string]: unknown };
    };
  };
  /** Ask for approval of a draft in exactly this text; any edit takes that back. */
  proposeDraft: {
    method: 'POST';
    path: '/drafts/{id}/propose';
    params: { id: string };
    ifMatch: string;
    answer: {
      id: string;
      kind: 'access' | 'resource';
      name: string;
      base: number;
      behind: boolean;
      revision: number;
      digest: string;
      state: 'open' | 'proposed';
      authors: readonly string[];
      createdAt: number;
      changedAt: number;
      document: { [more: string]: unknown };
    };
  };
  /** Publish a draft as the next version; where it needs a second person, this is their approval. */
  publishDraft: {
    method: 'POST';
    path: '/drafts/{id}/publish';
    params: { id: string };
    body: { digest: string };
    answer: { kind: 'access' | 'resource'; version: number; approver: string | null; gain: number; lose: number };
  };
  /** What would change if a document was published, in people and in words; changes nothing. */
  planDocument: {
    method: 'POST';
    path: '/policies/{kind}/plan';
    params: { kind: 'access' | 'resource' };
    body: { document: { [more: string]: unknown } };
    answer: {
      kind: 'access' | 'resource';
      from: number;
      digest: string;
      isInForce: boolean;
      gain: number | null;
      lose: number | null;
      summary: string;
      effects: readonly { words: string }[];
      entries: readonly { section: string; id: string; change: 'new' | 'gone' | 'changed'; keys: readonly string[] }[];
      widens: readonly string[];
      needsSecondPerson: boolean;
    };
  };
  /** What a draft does, in people and in words, against the version in force. */
  diffDraft: {
    method: 'GET';
    path: '/drafts/{id}/diff';
    params: { id: string };
    answer: {
      digest: string;
      from: number;
      summary: string;
      gain: number;
      lose: number;
      effects: readonly {
        sign: '+' | '-' | '~';
        words: string;
        people: number;
        already: number;
        subject: string;
        server: string;
        clients: readonly string[];
        throughAll: boolean;
        scopes: readonly string[];
        risk: 'low' | 'medium' | 'high';
        rules: readonly string[];
      }[];
      entries: readonly { section: string; id: string; before: unknown; after: unknown; keys: readonly string[] }[];
      widens: readonly string[];
      moved: readonly {
        server: string;
        what: 'resource' | 'ras' | 'local' | 'upstream';
        before: string | null;
        after: string | null;
        untold: readonly string[];
      }[];
      secondPerson: boolean;
    };
  };
  /** What a draft does to one person: all they can reach, or one server through one client, explained. */
  whatIf: {
    method: 'GET';
    path: '/drafts/{id}/what-if';
    params: { id: string };
    query: { person: string; client?: string; server?: string; scope?: string };
    answer: {
      gained: readonly { client: string; server: string; scopes: readonly string[] }[];
      lost: readonly { client: string; server: string; scopes: readonly string[] }[];
      before: {
        effect: 'allow' | 'deny' | 'step_up' | 'bind_key';
        scopes: readonly string[];
        ahead: string | null;
        rules: readonly {
          id: string;
          effect: string;
          spoke: boolean;
          conditions: readonly { about: string; met: boolean; words: string }[];
        }[];
        outcomes: readonly { scope: string; outcome: string; rules: readonly string[]; words: string }[];
      } | null;
      after: {
        effect: 'allow' | 'deny' | 'step_up' | 'bind_key';
        scopes: readonly string[];
        ahead: string | null;
        rules: readonly {
          id: string;
          effect: string;
          spoke: boolean;
          conditions: readonly { about: string; met: boolean; words: string }[];
        }[];
        outcomes: readonly { scope: string; outcome: string; rules: readonly string[]; words: string }[];
      } | null;
    };
  };
  /** What a draft would have decided: decisions on the record, the newest first, decided again. */
  replayDraft: {
    method: 'GET';
    path: '/drafts/{id}/replay';
    params: { id: string };
    query: { fromMs?: number; toMs?: number; limit?: number; cursor?: string };
    answer: {
      digest: string;
      total: number;
      gained: number;
      letIn: number;
      lost: number;
      shutOut: number;
      again: number;
      same: number;
      unknown: number;
      changed: readonly {
        id: string;
        timeMs: number;
        person: string;
        client: string;
        server: string;
        change: 'gained' | 'lost' | 'again';
        before: readonly string[];
        after: readonly string[];
      }[];
      reachedMs: number | null;
      next: string | null;
    };
  };
  /** Changes of people that wait for approval, the oldest first. */
  listChanges: {
    method: 'GET';
    path: '/changes';
    answer: {
      items: readonly {
        id: string;
        name: string;
        digest: string;
        author: string;
        createdAt: number;
        members: { kind: 'group' | 'role'; id: string; add: readonly string[]; remove: readonly string[] } | null;
        administrator: { person: string; role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' } | null;
        widens: readonly string[];
      }[];
    };
  };
  /** Ask a second person to approve who joins and leaves a local group or role. */
  proposeMembers: {
    method: 'POST';
    path: '/changes/members';
    body: { name: string; kind: 'group' | 'role'; id: string; add?: readonly string[]; remove?: readonly string[] };
    answer: {
      id: string;
      name: string;
      digest: string;
      author: string;
      createdAt: number;
      members: { kind: 'group' | 'role'; id: string; add: readonly string[]; remove: readonly string[] } | null;
      administrator: { person: string; role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' } | null;
      widens: readonly string[];
    };
  };
  /** Ask a second person to approve that somebody administers, or does so with another role. */
  proposeRole: {
    method: 'POST';
    path: '/changes/administrators';
    body: { name: string; person: string; role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' };
    answer: {
      id: string;
      name: string;
      digest: string;
      author: string;
      createdAt: number;
      members: { kind: 'group' | 'role'; id: string; add: readonly string[]; remove: readonly string[] } | null;
      administrator: { person: string; role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk' } | null;
      widens: readonly string[];
    };
  };
  /** Approve a change of people that somebody else has asked for: it is done then. */
  approveChange: {
    method: 'POST';
    path: '/changes/{id}/approve';
    params: { id: string };
    body: { digest: string };
    answer: undefined;
  };
  /** Discard a change of people that waits. */
  discardChange: { method: 'DELETE'; path: '/changes/{id}'; params: { id: string }; answer: undefined };
  /** Signing keys of every purpose, and what each does now. */
  listKeys: {
    method: 'GET';
    path: '/keys';
    answer: {
      items: readonly {
        purpose:
          | 'id_token'
          | 'id_jag'
          | 'access_token'
          | 'id_jag_encryption'
          | 'security_event'
          | 'revocation'
          | 'audit';
        kid: string;
        algorithm: string;
        token?: string;
        state: 'published' | 'signing' | 'retiring' | 'retired';
        words: string;
        publishedAt: number;
        signsFrom: number;
        retiresAt?: number;
      }[];
    };
  };
  /** Sources of people and groups, with the tokens of provisioning clients. */
  listSources: {
    method: 'GET';
    path: '/sources';
    answer: {
      sources: readonly string[];
      tokens: readonly { id: string; source: string; createdAt: number; lastUsedAt: number | null }[];
      upstreams: readonly {
        name: string;
        label: string | null;
        preset: 'okta' | 'entra' | 'google' | 'keycloak' | null;
        issuer: string;
        domains: readonly string[];
        creates: boolean;
        provisionedBy: string | null;
      }[];
    };
  };
  /** Make a token for a provisioning client; it is shown this once. */
  createScimToken: {
    method: 'POST';
    path: '/scim-tokens';
    body: { source: string };
    answer: { id: string; source: string; createdAt: number; lastUsedAt: number | null; token: string };
  };
  /** Revoke the token of a provisioning client; it stops working at once. */
  revokeScimToken: { method: 'DELETE'; path: '/scim-tokens/{id}'; params: { id: string }; answer: undefined };
  /** Find records, the newest first; a page may be short, or empty, and have a next one. */
  listRecords: {
    method: 'GET';
    path: '/records';
    query: {
      limit?: number;
      cursor?: string;
      person?: string;
      client?: string;
      server?: string;
      scope?: string;
      kind?: string;
      outcome?: 'allowed' | 'refused';
      reason?: string;
      correlation?: string;
      by?: string;
      token?: string;
      fromMs?: number;
      toMs?: number;
    };
    answer: {
      items: readonly {
        id: string;
        kind: string;
        domain: string;
        timeMs: number;
        outcome: 'allowed' | 'refused';
        reason?: string;
        [more: string]: unknown;
      }[];
      next: string | null;
    };
  };
  /** One record, with why it was decided so where it is of a decision: what credence explain tells. */
  getRecord: {
    method: 'GET';
    path: '/records/{id}';
    params: { id: string };
    answer: {
      record: {
        id: string;
        kind: string;
        domain: string;
        timeMs: number;
        outcome: 'allowed' | 'refused';
        reason?: string;
        [more: string]: unknown;
      };
      explanation: { [more: string]: unknown } | null;
    };
  };
  /** From a tool call back to whoever published the rule, and forward to what followed: as credence audit trace. */
  traceRecord: {
    method: 'GET';
    path: '/records/{id}/trace';
    params: { id: string };
    answer: {
      id: string;
      as: 'record' | 'id_jag' | 'access_token' | 'correlation';
      grants: readonly { [more: string]: unknown }[];
      others: readonly {
        id: string;
        kind: string;
        domain: string;
        timeMs: number;
        outcome: 'allowed' | 'refused';
        reason?: string;
        [more: string]: unknown;
      }[];
      [more: string]: unknown;
    };
  };
  /** How much of the record is sealed and witnessed, what is kept no more, and the keys that checkpoints are verified with. */
  getRecordState: {
    method: 'GET';
    path: '/record';
    answer: {
      first: number;
      last: number;
      checkpoint: {
        number: number;
        size: number;
        lines: number;
        root: string;
        timeMs: number;
        kid: string;
        algorithm: string;
        pruned: number;
        witnessed: boolean;
        statement: string;
      } | null;
      unsealed: number;
      unsealedSinceMs: number | null;
      witnesses: readonly { kind: 'file' | 'url'; at: string; number: number | null; timeMs: number | null }[];
      unwitnessedSinceMs: number | null;
      pruned: { lines: number; timeMs: number; lastMs: number } | null;
      keptDays: number | null;
      chains: { count: number; longest: readonly { node: string; lines: number }[] };
      keys: readonly { kty: string; [more: string]: unknown }[];
    };
  };
  /** Checkpoints of the record, the newest first. */
  listCheckpoints: {
    method: 'GET';
    path: '/checkpoints';
    query: { limit?: number; cursor?: string };
    answer: {
      items: readonly {
        number: number;
        size: number;
        lines: number;
        root: string;
        timeMs: number;
        kid: string;
        algorithm: string;
        pruned: number;
        witnessed: boolean;
        statement: string;
      }[];
      next: string | null;
    };
  };
  /** A proof that a record is in the record, as the JSON that credence audit prove prints; null while it is not sealed. */
  proveRecord: {
    method: 'GET';
    path: '/records/{id}/proof';
    params: { id: string };
    answer: { proof: string | null; altered: string | null };
  };
  /** Exports of the record: where each goes, how far it has come, and what keeps it. */
  listExports: {
    method: 'GET';
    path: '/exports';
    answer: {
      items: readonly {
        name: string;
        kind: 'file' | 'stdout' | 'syslog' | 'webhook';
        format: string;
        to: string;
        records: readonly string[] | null;
        position: number;
        behind: number;
        lagSeconds: number;
        sent: number;
        dead: number;
        holder: string | null;
        failing: { why: string; since: string } | null;
      }[];
    };
  };
  /** One line of the record taken apart, with names: every rule on the server, and the first condition that failed. */
  explainRecord: {
    method: 'GET';
    path: '/records/{id}/explain';
    params: { id: string };
    answer: {
      record: {
        id: string;
        kind: string;
        domain: string;
        timeMs: number;
        outcome: 'allowed' | 'refused';
        reason?: string;
        [more: string]: unknown;
      };
      reason: { reason: string; wire: string; status: number; rule: string; hint: string; help: string | null } | null;
      decided: {
        version: number;
        isSame: boolean;
        ahead: string | null;
        effect: 'allow' | 'deny' | 'step_up' | 'bind_key';
        rules: readonly {
          id: string;
          effect: 'allow' | 'deny' | 'require' | 'never_together';
          spoke: boolean;
          conditions: readonly { about: string; met: boolean; words: string }[];
          rule: {
            id: string;
            effect: 'allow' | 'deny' | 'require';
            scopes: readonly string[];
            to: readonly string[];
            through: readonly string[] | null;
            needs: { acr: string | null; amr: readonly string[]; maxAgeSeconds: number | null } | null;
            from: readonly string[];
            notFrom: readonly string[];
            hours: string | null;
            until: number | null;
          } | null;
        }[];
        scopes: readonly { scope: string; outcome: string; rules: readonly string[]; words: string }[];
      } | null;
      smallest: {
        id: string;
        allow: readonly string[];
        on: string;
        to: readonly string[];
        through: readonly string[];
        until: string;
      } | null;
      names: {
        person: { id: string; name: string } | null;
        client: { id: string; name: string } | null;
        server: { id: string; name: string } | null;
        clients: readonly { id: string; name: string }[];
        subjects: readonly { id: string; name: string }[];
      };
    };
  };
  /** Every reason there is to refuse something, in words. */
  listReasons: {
    method: 'GET';
    path: '/reasons';
    answer: {
      items: readonly {
        reason: string;
        wire: string;
        status: number;
        rule: string;
        hint: string;
        help: string | null;
      }[];
    };
  };
  /** Requests for access: those that wait, the oldest first, or those that were answered, the newest first. */
  listRequests: {
    method: 'GET';
    path: '/requests';
    query: { limit?: number; cursor?: string; state?: 'waiting' | 'answered' };
    answer: {
      items: readonly {
        id: string;
        person: { id: string; email: string | null; name: string | null };
        client: { id: string; name: string };
        server: { id: string; name: string };
        decision: string;
        words: string;
        wanted: 'day' | 'week' | 'work';
        askedAt: number;
        state: 'open' | 'drafted' | 'approved' | 'declined';
        now: 'missing' | 'allowed' | 'barred' | 'gone';
        draft: string | null;
        until: number | null;
        word: string | null;
        answeredAt: number | null;
        answeredBy: string | null;
      }[];
      next: string | null;
      open: number;
    };
  };
  /** A request for access, with the smallest change that would give it. */
  getRequest: {
    method: 'GET';
    path: '/requests/{id}';
    params: { id: string };
    answer: {
      id: string;
      person: { id: string; email: string | null; name: string | null };
      client: { id: string; name: string };
      server: { id: string; name: string };
      decision: string;
      words: string;
      wanted: 'day' | 'week' | 'work';
      askedAt: number;
      state: 'open' | 'drafted' | 'approved' | 'declined';
      now: 'missing' | 'allowed' | 'barred' | 'gone';
      draft: string | null;
      until: number | null;
      word: string | null;
      answeredAt: number | null;
      answeredBy: string | null;
      smallest: {
        id: string;
        allow: readonly string[];
        on: string;
        to: readonly string[];
        through: readonly string[];
        until: string;
      } | null;
      barredBy: string | null;
      own: boolean;
    };
  };
  /** What somebody asked for, of which this draft was made: whoever approves it reads what for. */
  requestOfDraft: {
    method: 'GET';
    path: '/drafts/{id}/request';
    params: { id: string };
    answer: {
      request: {
        id: string;
        person: { id: string; email: string | null; name: string | null };
        client: { id: string; name: string };
        server: { id: string; name: string };
        decision: string;
        words: string;
        wanted: 'day' | 'week' | 'work';
        askedAt: number;
        state: 'open' | 'drafted' | 'approved' | 'declined';
        now: 'missing' | 'allowed' | 'barred' | 'gone';
        draft: string | null;
        until: number | null;
        word: string | null;
        answeredAt: number | null;
        answeredBy: string | null;
      } | null;
    };
  };
  /** Make a draft of the smallest rule that gives it, with an end; it is in force once that is published. */
  approveRequest: {
    method: 'POST';
    path: '/requests/{id}/approve';
    params: { id: string };
    body: { until: string; word?: string };
    answer: { draft: string | null };
  };
  /** Decline a request for access, with a word to the person. */
  declineRequest: {
    method: 'POST';
    path: '/requests/{id}/decline';
    params: { id: string };
    body: { word: string };
    answer: undefined;
  };
  /** What is stopped, by whom and why, the newest first. */
  listStops: {
    method: 'GET';
    path: '/stops';
    query: { over?: 'true' | 'false' };
    answer: {
      items: readonly {
        id: string;
        kind: 'person' | 'client' | 'server' | 'rule' | 'session' | 'token' | 'issuer' | 'key' | 'everything';
        target: string;
        reason: string;
        by: string;
        at: number;
        endsAt: number | null;
        resumed: { at: number; by: string; reason: string } | null;
      }[];
    };
  };
  /** What a stop would do, in words; nothing is stopped. */
  previewStop: {
    method: 'POST';
    path: '/stops/preview';
    body: {
      kind: 'person' | 'client' | 'server' | 'rule' | 'session' | 'token' | 'issuer' | 'key' | 'everything';
      target?: string;
      reason: string;
      endsAt?: number;
      side?: 'idp' | 'ras';
      issuer?: string;
    };
    answer: { words: string; people: number | null; endsAt: number | null };
  };
  /** Stop it: nothing more is issued, and what was issued ends within a second. */
  stop: {
    method: 'POST';
    path: '/stops';
    body: {
      kind: 'person' | 'client' | 'server' | 'rule' | 'session' | 'token' | 'issuer' | 'key' | 'everything';
      target?: string;
      reason: string;
      endsAt?: number;
      side?: 'idp' | 'ras';
      issuer?: string;
    };
    answer: {
      id: string;
      kind: 'person' | 'client' | 'server' | 'rule' | 'session' | 'token' | 'issuer' | 'key' | 'everything';
      target: string;
      reason: string;
      by: string;
      at: number;
      endsAt: number | null;
      resumed: { at: number; by: string; reason: string } | null;
    };
  };
  /** Let it go on; what was issued before stays dead. */
  resume: {
    method: 'POST';
    path: '/stops/{id}/resume';
    params: { id: string };
    body: { reason: string };
    answer: {
      id: string;
      kind: 'person' | 'client' | 'server' | 'rule' | 'session' | 'token' | 'issuer' | 'key' | 'everything';
      target: string;
      reason: string;
      by: string;
      at: number;
      endsAt: number | null;
      resumed: { at: number; by: string; reason: string } | null;
    };
  };
}

/** Method and path of each, behind `/api/v1`. */
export const addresses = {
  getMe: ['GET', '/me'],
  signOut: ['DELETE', '/me/session'],
  getOverview: ['GET', '/overview'],
  getFigures: ['GET', '/overview/figures'],
  listPeople: ['GET', '/people'],
  createPerson: ['POST', '/people'],
  getPerson: ['GET', '/people/{id}'],
  changePerson: ['PATCH', '/people/{id}'],
  switchPersonOff: ['POST', '/people/{id}/off'],
  switchPersonOn: ['POST', '/people/{id}/on'],
  namePeople: ['GET', '/people/names'],
  importPeople: ['POST', '/people/import'],
  listFactors: ['GET', '/people/{id}/factors'],
  listSessions: ['GET', '/sessions'],
  endSession: ['DELETE', '/sessions/{id}'],
  endSessionsOfPerson: ['DELETE', '/people/{id}/sessions'],
  listGroups: ['GET', '/groups'],
  createGroup: ['POST', '/groups'],
  getGroup: ['GET', '/groups/{ref}'],
  renameGroup: ['PATCH', '/groups/{ref}'],
  deleteGroup: ['DELETE', '/groups/{ref}'],
  listMembers: ['GET', '/groups/{ref}/members'],
  changeMembers: ['POST', '/groups/{ref}/members'],
  listAdministrators: ['GET', '/administrators'],
  grantRole: ['PUT', '/administrators/{id}'],
  revokeRole: ['DELETE', '/administrators/{id}'],
  listTokens: ['GET', '/tokens'],
  createToken: ['POST', '/tokens'],
  revokeToken: ['DELETE', '/tokens/{id}'],
  listNames: ['GET', '/names'],
  listClients: ['GET', '/clients'],
  createSecret: ['POST', '/clients/{side}/{id}/secrets'],
  removeSecret: ['DELETE', '/clients/{side}/{id}/secrets/{fingerprint}'],
  listClientUse: ['GET', '/use/clients'],
  getClient: ['GET', '/clients/{side}/{id}'],
  getSetUp: ['GET', '/clients/{side}/{id}/set-up'],
  listServers: ['GET', '/servers'],
  listServerUse: ['GET', '/use/servers'],
  getServer: ['GET', '/servers/{id}'],
  enableServer: ['POST', '/servers'],
  serverSteps: ['GET', '/servers/{id}/steps'],
  draftSteps: ['GET', '/drafts/{id}/steps'],
  getCatalogue: ['GET', '/catalogue'],
  probeServer: ['POST', '/probes'],
  getMatrix: ['GET', '/access'],
  countReach: ['GET', '/access/counts'],
  getCell: ['GET', '/access/cell'],
  getStandingOfGroup: ['GET', '/groups/{ref}/standing'],
  reachOfPerson: ['GET', '/reach/people/{id}'],
  reachOfServer: ['GET', '/reach/servers/{id}'],
  reachOfClient: ['GET', '/reach/clients/{id}'],
  listPaths: ['GET', '/reach/paths'],
  listReaching: ['GET', '/reach/servers/{id}/people'],
  listUnused: ['GET', '/reach/unused'],
  listVersions: ['GET', '/policies/{kind}/versions'],
  getVersion: ['GET', '/policies/{kind}/versions/{version}'],
  listDrafts: ['GET', '/drafts'],
  createDraft: ['POST', '/drafts'],
  getDraft: ['GET', '/drafts/{id}'],
  getDraftHead: ['GET', '/drafts/{id}/head'],
  replaceDraft: ['PUT', '/drafts/{id}'],
  editDraft: ['PATCH', '/drafts/{id}'],
  discardDraft: ['DELETE', '/drafts/{id}'],
  rebaseDraft: ['POST', '/drafts/{id}/rebase'],
  proposeDraft: ['POST', '/drafts/{id}/propose'],
  publishDraft: ['POST', '/drafts/{id}/publish'],
  planDocument: ['POST', '/policies/{kind}/plan'],
  diffDraft: ['GET', '/drafts/{id}/diff'],
  whatIf: ['GET', '/drafts/{id}/what-if'],
  replayDraft: ['GET', '/drafts/{id}/replay'],
  listChanges: ['GET', '/changes'],
  proposeMembers: ['POST', '/changes/members'],
  proposeRole: ['POST', '/changes/administrators'],
  approveChange: ['POST', '/changes/{id}/approve'],
  discardChange: ['DELETE', '/changes/{id}'],
  listKeys: ['GET', '/keys'],
  listSources: ['GET', '/sources'],
  createScimToken: ['POST', '/scim-tokens'],
  revokeScimToken: ['DELETE', '/scim-tokens/{id}'],
  listRecords: ['GET', '/records'],
  getRecord: ['GET', '/records/{id}'],
  traceRecord: ['GET', '/records/{id}/trace'],
  getRecordState: ['GET', '/record'],
  listCheckpoints: ['GET', '/checkpoints'],
  proveRecord: ['GET', '/records/{id}/proof'],
  listExports: ['GET', '/exports'],
  explainRecord: ['GET', '/records/{id}/explain'],
  listReasons: ['GET', '/reasons'],
  listRequests: ['GET', '/requests'],
  getRequest: ['GET', '/requests/{id}'],
  requestOfDraft: ['GET', '/drafts/{id}/request'],
  approveRequest: ['POST', '/requests/{id}/approve'],
  declineRequest: ['POST', '/requests/{id}/decline'],
  listStops: ['GET', '/stops'],
  previewStop: ['POST', '/stops/preview'],
  stop: ['POST', '/stops'],
  resume: ['POST', '/stops/{id}/resume'],
} as const satisfies Record<keyof Operations, readonly [method: string, path: string]>;
