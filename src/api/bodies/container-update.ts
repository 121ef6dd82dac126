import type { UpdateRequest } from '../../engine/containers/mod.ts';
import { struct } from '../http/go-json.ts';
import { restartPolicy } from './host-config.ts';
import { RESOURCES } from './resources.ts';

/** The body of `POST /containers/{id}/update`. */
export const updateBody = struct<UpdateRequest>('UpdateConfig', {
  ...RESOURCES,
  RestartPolicy: restartPolicy,
});
