import type { ContainerStats } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** What the types of the standard library do not have yet. Spec: ECMAScript, JSON.rawJSON. */
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** A sample of `GET /containers/{id}/stats` as `version` knows it, as a line. Large numbers are written exactly. */
export function statsText(version: ApiVersion, { os_type, ...sample }: ContainerStats): string {
  const shown = version.below('1.52') ? sample : { ...sample, os_type };
  return `${JSON.stringify(shown, exact)}\n`;
}

function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value;
}
