import type { UpdateRequest } from '../../engine/containers/mod.ts';
import { optional, struct } from '../http/go-json.ts';
import { portMap, restartPolicy } from './host-config.ts';
import { RESOURCES } from './resources.ts';

/** The body of `POST /containers/{id}/update`. */
export const updateBody = struct<UpdateRequest>('UpdateConfig', {
  ...RESOURCES,
  RestartPolicy: restartPolicy,
  // Ours, in an object of its own, so that no field of Docker's can come to mean something else.
  Minke: optional(
    struct('Minke', {
      PublishAdd: portMap,
      PublishRemove: portMap,
    }),
  ),
});
