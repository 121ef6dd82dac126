import type { HealthConfig } from './container-config.ts';

/** The `config` part of an image, in Docker's spelling. Spec: OCI image spec, config.md; Engine API, `ImageConfig`. */
export interface ImageRunConfig {
  User?: string;
  ExposedPorts?: Record<string, object> | null;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  ArgsEscaped?: boolean;
  Healthcheck?: HealthConfig;
  OnBuild?: string[] | null;
  Shell?: string[] | null;
}

/** Spec: Engine API, `ImageInspect`, the newest shape and the fields that older ones saw. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  /** RFC 3339; absent if unknown. */
  Created?: string;
  DockerVersion: string;
  Author: string;
  Config: ImageRunConfig & Record<string, unknown>;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  /** Bytes of all layers, unpacked. */
  Size: number;
  GraphDriver: { Name: string; Data: Record<string, string> | null };
  RootFS: { Type: string; Layers?: string[] };
  Metadata: { LastTagTime: string };
  /** Where it came from, as far as that is known. */
  Identity?: { Pull: { Repository: string }[] };
}

/** One row of `GET /images/json`. Spec: Engine API, `ImageSummary`. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  /** Seconds since 1970. */
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}

export type ImageDeleteItem = { Untagged: string } | { Deleted: string };

/** One record of a pull, push, load or import stream. Spec: Engine API, `CreateImageInfo`. */
export interface ProgressMessage {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number; units?: string };
  stream?: string;
  error?: string;
  errorDetail?: { code?: number; message: string };
  aux?: unknown;
}

/** Decoded `X-Registry-Auth`. Spec: Engine API, `AuthConfig`. */
export interface AuthConfig {
  username?: string;
  password?: string;
  auth?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}
