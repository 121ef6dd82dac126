import type { AttachOptions } from '../../engine/containers/mod.ts';
import type { ApiRequest } from '../http/request.ts';

/** What a query asks of an attach. Spec: Engine API, `ContainerAttach`. */
export function attachOptions({ query }: Pick<ApiRequest, 'query'>): AttachOptions {
  const detachKeys = query.text('detachKeys');
  return {
    stream: query.bool('stream'),
    stdin: query.bool('stdin'),
    stdout: query.bool('stdout'),
    stderr: query.bool('stderr'),
    logs: query.bool('logs'),
    ...(detachKeys === '' ? {} : { detachKeys }),
  };
}
