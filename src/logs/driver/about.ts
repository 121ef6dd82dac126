import { hostname } from 'node:os';
import { EngineError, messageOf } from '../../base/mod.ts';
import { compileGoRegexp } from '../../spec/go-regexp/go-regexp.ts';
import type { ContainerAbout } from '../logs.ts';

const DEFAULT_TAG = '{{.ID}}';

/** A tag stands in every record. It is a stranger's template, which must not cost the daemon memory or time. */
const MAX_TEMPLATE = 16 * 1024;
const TAG_LIMITS = { text: 64 * 1024, steps: 10_000 };

/** Whether a driver with these options asks for tags or attributes. */
export function wantsAbout(options: Record<string, string>): boolean {
  return ['tag', 'labels', 'labels-regex', 'env', 'env-regex'].some((name) => options[name]);
}

/**
 * The labels and variables that the options ask for. Compat: moby `logger.Info.ExtraAttributes`; variables win over
 * labels of the same name.
 */
export function attributesOf(options: Record<string, string>, about: ContainerAbout): Record<string, string> {
  const env = Object.fromEntries(
    about.env.flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)]];
    }),
  );
  const attrs: Record<string, string> = {};
  take(attrs, about.labels, options['labels'], options['labels-regex']);
  take(attrs, env, options['env'], options['env-regex']);
  return attrs;
}

function take(
  attrs: Record<string, string>,
  from: Record<string, string>,
  names: string | undefined,
  pattern: string | undefined,
): void {
  for (const name of names ? names.split(',') : []) {
    const value = Object.hasOwn(from, name) ? from[name] : undefined;
    if (value !== undefined) attrs[name] = value;
  }
  if (!pattern) return;
  const matches = compileGoRegexp(pattern);
  for (const [name, value] of Object.entries(from)) if (matches(name)) attrs[name] = value;
}

/** Renders the `tag` option. Compat: a Go template over moby's `logger.Info`, its methods too. */
export async function tagOf(template: string | undefined, about: ContainerAbout): Promise<string> {
  const source = template || DEFAULT_TAG;
  if (source === DEFAULT_TAG) return about.id.slice(0, 12);
  // Loaded when somebody has a tag.
  const { compileTemplate } = await import('../../spec/go-template/execute.ts');
  try {
    if (source.length > MAX_TEMPLATE) throw new Error('the template is too long');
    const info = infoOf(about);
    const missing = (field: string, of: unknown) =>
      of === info ? `can't evaluate field ${field} in type *logger.Info` : undefined;
    return compileTemplate(source, { missing, limits: TAG_LIMITS }).render(info);
  } catch (cause) {
    throw new EngineError('invalid', `template: log-tag: ${messageOf(cause)}`, { cause });
  }
}

/** Compat: moby `logger.Info`: also that an image's short id has its algorithm's name in it. */
function infoOf(about: ContainerAbout): Record<string, unknown> {
  const { id, name, imageId, imageName } = about;
  return {
    ContainerID: id,
    ContainerName: `/${name}`,
    ContainerEntrypoint: about.path,
    ContainerArgs: about.args,
    ContainerImageID: imageId,
    ContainerImageName: imageName,
    ContainerCreated: about.created,
    ContainerEnv: about.env,
    ContainerLabels: about.labels,
    DaemonName: 'docker',
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId.slice(0, 12),
    ImageFullID: imageId,
    ImageName: imageName,
    Hostname: hostname(),
    Command: [about.path, ...about.args].join(' '),
  };
}
