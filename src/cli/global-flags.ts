import { hostFromEnv, type TlsOptions, tlsFromEnv } from '../client/mod.ts';
import { ExitError } from './command.ts';
import type { FlagSet } from './flags/flag-set.ts';

export type GlobalFlags = ReturnType<typeof globalFlags>;

/** The flags that stand before the command. */
export function globalFlags(flags: FlagSet) {
  return {
    hosts: flags.list('host', { short: 'H', usage: 'Socket of the engine to talk to' }),
    debug: flags.bool('debug', { short: 'D', usage: 'Say more when something fails' }),
    logLevel: flags.string('log-level', {
      short: 'l',
      usage: 'Accepted, and without effect',
      initial: 'info',
    }),
    context: flags.string('context', { short: 'c', usage: 'Accepted, and without effect' }),
    config: flags.string('config', { usage: 'Directory of client configuration (auth)' }),
    tls: flags.bool('tls', { usage: 'Use TLS' }),
    tlsVerify: flags.bool('tlsverify', { usage: "Use TLS and verify the engine's certificate" }),
    tlsCa: flags.string('tlscacert', { usage: 'Trust only certificates signed by this CA' }),
    tlsCert: flags.string('tlscert', { usage: 'Certificate of this client' }),
    tlsKey: flags.string('tlskey', { usage: 'Key of this client' }),
    version: flags.bool('version', { short: 'v', usage: 'Print the version and end' }),
    help: flags.bool('help', { short: 'h', usage: 'Print usage', hidden: true }),
  };
}

/** The engine's address: `-H`, else the environment's. */
export function hostOf(globals: GlobalFlags, env: Record<string, string | undefined>): string {
  const [host, second] = globals.hosts.value;
  if (second !== undefined) throw new ExitError(1, 'specify only one -H');
  if (host === undefined) return hostFromEnv(env);
  if (host.includes('://')) return host;
  return host.startsWith('/') ? `unix://${host}` : `tcp://${host}`;
}

/** TLS as flags and environment ask for it. */
export function tlsOf(globals: GlobalFlags, env: Record<string, string | undefined>): TlsOptions | undefined {
  const { tls, tlsVerify, tlsCa, tlsCert, tlsKey } = globals;
  if (!tls.value && !tlsVerify.value) return tlsFromEnv(env);
  const dir = env['DOCKER_CERT_PATH'] ?? `${env['HOME'] ?? '/root'}/.docker`;
  return {
    ca: tlsCa.value || `${dir}/ca.pem`,
    cert: tlsCert.value || `${dir}/cert.pem`,
    key: tlsKey.value || `${dir}/key.pem`,
    verify: tlsVerify.value,
  };
}
