import { Api, type ApiOptions } from './api.ts';
import { Containers } from './resources/containers.ts';
import { Execs } from './resources/execs.ts';
import { Files } from './resources/files.ts';
import { Images } from './resources/images.ts';
import { Networks } from './resources/networks.ts';
import { System } from './resources/system.ts';
import { Volumes } from './resources/volumes.ts';

/**
 * A typed client of the Docker Engine API, for Minke and for Docker itself. Nothing is sent before the first call.
 *
 *     using engine = new EngineClient({ host: 'unix:///run/minke/minke.sock' });
 *     const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['true'] });
 *     await engine.containers.start(Id);
 */
export class EngineClient implements Disposable {
  /** For calls that have no typed method. */
  readonly api: Api;
  readonly containers: Containers;
  readonly execs: Execs;
  readonly files: Files;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly system: System;

  constructor(options: ApiOptions = {}) {
    this.api = new Api(options);
    this.containers = new Containers(this.api);
    this.execs = new Execs(this.api);
    this.files = new Files(this.api);
    this.images = new Images(this.api);
    this.networks = new Networks(this.api);
    this.volumes = new Volumes(this.api);
    this.system = new System(this.api);
  }

  /** Closes the connection that is kept for the next call. */
  [Symbol.dispose](): void {
    this.api[Symbol.dispose]();
  }
}
