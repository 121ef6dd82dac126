import type { ImageInspect, ImageSummary } from '../../spec/docker/mod.ts';
import type { ApiVersion } from '../http/api-version.ts';

/** A row of `GET /images/json` as `version` knows it. */
export function summaryFor(version: ApiVersion, row: ImageSummary): object {
  return {
    ...row,
    ...(version.below('1.43') ? legacyNames(row) : {}),
    ...(version.below('1.44') ? { VirtualSize: row.Size } : {}),
    ...(version.below('1.51') ? { Containers: -1 } : {}),
  };
}

function legacyNames({ RepoTags, RepoDigests }: ImageSummary): object {
  if (RepoTags.length === 0 && RepoDigests.length === 0) {
    return { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
  }
  return {
    RepoTags: RepoTags.length > 0 ? RepoTags : null,
    RepoDigests: RepoDigests.length > 0 ? RepoDigests : null,
  };
}

/** Part of a container's configuration that images carried until 1.50, empty. */
const CONTAINER_FIELDS = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

/** What `Config` has until 1.52 also where it is unset. */
const UNSET = {
  Cmd: null,
  Entrypoint: null,
  Env: null,
  Labels: null,
  OnBuild: null,
  User: '',
  Volumes: null,
  WorkingDir: '',
};

/** Keys that are left out when empty from 1.52 on. */
const OPTIONAL = ['Parent', 'Comment', 'DockerVersion', 'Author'] as const;

/** The answer of `GET /images/{name}/json` as `version` knows it. */
export function inspectFor(version: ApiVersion, image: ImageInspect): object {
  const answer: Record<string, unknown> = { ...image, Config: configFor(version, image.Config) };
  if (version.atLeast('1.52')) {
    for (const key of OPTIONAL) if (!image[key]) delete answer[key];
  }
  if (version.below('1.53')) delete answer['Identity'];
  if (version.below('1.44')) {
    answer['VirtualSize'] = image.Size;
    answer['Created'] ??= '0001-01-01T00:00:00Z';
  }
  if (version.below('1.45')) {
    answer['Container'] = '';
    answer['ContainerConfig'] = { ...CONTAINER_FIELDS, ...UNSET };
  }
  return answer;
}

function configFor(version: ApiVersion, config: ImageInspect['Config']): object {
  const unset = (key: string, value: unknown) =>
    key in UNSET && (value === null || value === '' || value === undefined || isEmpty(value));
  const given = Object.fromEntries(Object.entries(config).filter(([key, value]) => !unset(key, value)));
  if (version.atLeast('1.52')) return given;
  return { ...(version.below('1.50') ? CONTAINER_FIELDS : {}), ...UNSET, ...given };
}

/** Go's `omitempty` leaves out empty lists and maps too. */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
