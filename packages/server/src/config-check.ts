import type { z } from 'zod';
import type { Config } from './config.ts';
import { type ConfigFile, keyPurposes } from './config-schema.ts';

/** How long an answer of `/jwks` may be kept (its `max-age`). */
const jwksMaxAgeSeconds = 300;

/** Rules that span values: clear http only on loopback or behind a trusted proxy (TLS-02), a demo only for this machine. */
export function checkTogether(config: Config): string[] {
  const problems: string[] = [];
  const isLocal = isLoopbackHost(config.host);
  if (config.demo && !isLocal) {
    problems.push(`--demo listens on loopback only, not on ${config.host}: its passwords lie in a file.`);
  }
  const origins = [
    ['idp.issuer', config.idp.issuer, config.roles.has('idp')],
    ['ras.issuer', config.ras.issuer, config.roles.has('ras') || config.roles.has('gateway')],
    ['admin.url', config.admin.url, config.roles.has('admin')],
  ] as const;
  for (const [path, issuer, isServed] of origins) {
    const { protocol, hostname } = new URL(issuer);
    if (protocol === 'http:' && !isLoopbackHost(hostname)) {
      problems.push(`${path}: ${issuer} must be https; http is for localhost only.`);
    }
    if (isServed && !isLocal && config.tls === undefined && config.trustedHops.length === 0) {
      problems.push(`${path}: served without TLS on ${config.host}; set tls, or name your proxy under proxy.trusted.`);
    }
  }
  const { clientCertificates, tls, trustedHops } = config;
  if (clientCertificates?.header !== undefined && trustedHops.length === 0) {
    problems.push('clientCertificates.header: nobody is believed who sends it; name your proxy under proxy.trusted.');
  }
  if (clientCertificates && clientCertificates.header === undefined && tls === undefined) {
    problems.push(
      'clientCertificates: none can arrive; set tls, or header and proxy.trusted where a proxy speaks TLS.',
    );
  }
  const isReachable = origins.some(([, issuer]) => !isLoopbackHost(new URL(issuer).hostname));
  if (isReachable && config.keys.publishWaitSeconds < jwksMaxAgeSeconds) {
    problems.push(
      `keys.publishWaitSeconds: verifiers may keep our JWK Set for ${jwksMaxAgeSeconds} seconds; a new key waits that long or longer (KEY-03).`,
    );
  }
  const labels = Object.values(config.keys.pkcs11?.labels ?? {});
  if (new Set(labels).size < labels.length) {
    problems.push('keys.pkcs11.labels: each purpose needs a label of its own (KEY-01).');
  }
  for (const purpose of keyPurposes) {
    const algorithm = config.keys.algorithms[purpose];
    if (config.keys.pkcs11?.labels[purpose] !== undefined && /^Ed/.test(algorithm)) {
      problems.push(`keys: a token signs with ES256, RS256 or PS256, not with ${algorithm} (${purpose}).`);
    }
  }
  if (config.gatewayExplains && !config.roles.has('idp') && config.store === undefined) {
    problems.push(
      'gateway.explains: an identity provider of another home cannot read this record; name the database that both use under store.',
    );
  }
  problems.push(...checkWaysOut(config));
  if (config.idp.issuer === config.ras.issuer) {
    problems.push('idp.issuer and ras.issuer are the same; the two trust domains need two origins (IDP-34).');
  }
  return problems;
}

/**
 * Loopback may be reached, and in clear http, for development only: where nobody elsewhere can reach us, as none of our origins is
 * anywhere but on localhost, whether this process serves it or another (TLS-01, CIM-04, ADR 0072).
 */
export function isDevelopment({ idp, ras, admin }: Pick<Config, 'idp' | 'ras' | 'admin'>): boolean {
  return [idp.issuer, ras.issuer, admin.url].every((origin) => isLoopbackHost(new URL(origin).hostname));
}

/** What the one way out would refuse each time is told before anything starts. */
function checkWaysOut(config: Config): string[] {
  if (isDevelopment(config)) return [];
  const hooks = config.exports.flatMap((one) =>
    one.kind === 'webhook' ? [[`exports.${one.name}.url`, one.url] as const] : [],
  );
  const urls = [
    ['decisionPoint.url', config.decisionPoint?.url],
    ['audit.witness.url', config.audit.witness?.url],
    ...hooks,
  ] as const;
  return urls.flatMap(([path, url]) =>
    url !== undefined && new URL(url).protocol === 'http:'
      ? [
          `${path}: ${url} must be https; http to localhost is for development, where all our origins are on localhost too.`,
        ]
      : [],
  );
}

/** What they tell is no secret, and no stranger's business either: whom they concern, how many, how fast. */
export function checkMetrics(metrics: z.output<typeof ConfigFile>['metrics']): string[] {
  if (!metrics || metrics.exposed || isLoopbackHost(metrics.host)) return [];
  return [
    `metrics.host: ${metrics.host} is not loopback, and metrics are told to whoever asks; where a network policy or firewall keeps strangers away, set metrics.exposed: true.`,
  ];
}

export function isLoopbackHost(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
