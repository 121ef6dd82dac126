import type { RestartPolicy } from '../../spec/docker/mod.ts';

/** `name[:retries]`. */
export function restartPolicy(text: string): RestartPolicy {
  const colon = text.indexOf(':');
  if (colon === 0) throw new Error('invalid restart policy format: no policy provided before colon');
  const count = colon < 0 ? '' : text.slice(colon + 1);
  if (count !== '' && !/^[+-]?\d+$/.test(count)) {
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  }
  return { Name: colon < 0 ? text : text.slice(0, colon), MaximumRetryCount: Number(count) };
}
