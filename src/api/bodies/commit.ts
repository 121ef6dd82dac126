import type { ContainerConfig } from '../../spec/docker/mod.ts';
import { type Codec, decode, hasAnyField, struct } from '../http/go-json.ts';
import { CONTAINER_CONFIG } from './container-config.ts';

const document = struct<ContainerConfig>('Config', CONTAINER_CONFIG);

/** The body of `POST /commit`: a configuration; undefined where none is sent, or nothing in it. */
export const commitBody: Codec<ContainerConfig | undefined> = {
  go: document.go,
  read(value) {
    const config = decode(document, value ?? {});
    return hasAnyField(value, CONTAINER_CONFIG) ? config : undefined;
  },
};
