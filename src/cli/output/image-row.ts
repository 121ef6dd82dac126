import type { ImageSummary } from '../../spec/docker/mod.ts';
import type { ListFormat, Row } from './format-list.ts';
import { goTime } from './time.ts';
import { humanDuration, humanSize } from './units.ts';

const NONE = '<none>';
const START = '{{.Repository}}\t{{.Tag}}\t';
const END = '{{.ID}}\t{{.CreatedSince}}\t{{.Size}}';

/** How `images` lists. */
export function imageFormat(digests: boolean): ListFormat {
  return {
    headers: {
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      Tag: 'TAG',
      Digest: 'DIGEST',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      Size: 'SIZE',
      Containers: 'CONTAINERS',
      VirtualSize: 'SIZE',
      SharedSize: 'SHARED SIZE',
      UniqueSize: 'UNIQUE SIZE',
    },
    table: digests ? `${START}{{.Digest}}\t${END}` : START + END,
    goType: '*formatter.imageContext',
  };
}

/** The rows of one image: one for each of its names. Compat: docker/cli `formatter.imageFormat`. */
export function imageRows(image: ImageSummary, options: { trunc: boolean; digests: boolean }): Row[] {
  return namesOf(image, options.digests).map(({ repository, tag, digest }) => ({
    ID: options.trunc ? image.Id.replace(/^sha256:/, '').slice(0, 12) : image.Id,
    Repository: repository,
    Tag: tag,
    Digest: digest,
    CreatedSince: `${humanDuration(Date.now() / 1000 - image.Created)} ago`,
    CreatedAt: goTime(image.Created),
    Size: humanSize(image.Size, 3),
    Containers: image.Containers === -1 ? 'N/A' : String(image.Containers),
    VirtualSize: humanSize(image.Size),
    SharedSize: image.SharedSize === -1 ? 'N/A' : humanSize(image.SharedSize),
    UniqueSize: image.SharedSize === -1 ? 'N/A' : humanSize(image.Size - image.SharedSize),
  }));
}

interface Name {
  repository: string;
  tag: string;
  digest: string;
}

function namesOf(image: ImageSummary, digests: boolean): Name[] {
  const tags = (image.RepoTags ?? [])
    .filter((name) => name !== `${NONE}:${NONE}`)
    .map((name) => cutLast(name, ':'));
  const byDigest = (image.RepoDigests ?? [])
    .filter((name) => name !== `${NONE}@${NONE}`)
    .map((name) => cutLast(name, '@'));
  const names = tags.flatMap(([repository, tag]) => {
    const own = digests ? byDigest.filter(([of]) => of === repository).map(([, digest]) => digest) : [];
    return (own.length > 0 ? own : [NONE]).map((digest) => ({ repository, tag, digest }));
  });
  const tagged = new Set(tags.map(([repository]) => repository));
  const seen = new Set<string>();
  for (const [repository, digest] of byDigest) {
    if (tagged.has(repository) || (!digests && seen.has(repository))) continue;
    seen.add(repository);
    names.push({ repository, tag: NONE, digest: digests ? digest : '' });
  }
  return names.length > 0 ? names : [{ repository: NONE, tag: NONE, digest: NONE }];
}

function cutLast(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
