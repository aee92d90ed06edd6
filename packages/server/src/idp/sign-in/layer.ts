import type Provider from 'oidc-provider';

/** One layer of the request path around `oidc-provider`, which is a Koa application; the inner ones run inside `next`. */
export type Layer = Parameters<Provider['use']>[0];
export type Context = Parameters<Layer>[0];
