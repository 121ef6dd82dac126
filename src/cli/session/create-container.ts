import { type CreateBody, isApiError } from '../../client/mod.ts';
import type { Cli } from '../cli.ts';
import type { FlagSet } from '../flags/flag-set.ts';
import { nodeFs } from '../lazy-node.ts';

type CreateOptions = ReturnType<typeof createFlags>;

/** The flags of `run` and `create` that are about making the container, not about the container. */
export function createFlags(flags: FlagSet) {
  return {
    name: flags.string('name', { usage: 'Name of the container' }),
    platform: flags.string('platform', { usage: 'Platform of the image: os/arch[/variant]' }),
    pull: flags.string('pull', { usage: 'When to pull: always, missing, never', initial: 'missing' }),
    quiet: flags.bool('quiet', { short: 'q', usage: 'No pull output' }),
    cidfile: flags.string('cidfile', { usage: 'Write the id to this file' }),
    trust: flags.bool('disable-content-trust', {
      usage: 'Accepted, and without effect',
      initial: true,
      hidden: true,
    }),
  };
}

const POLICIES = ['always', 'missing', 'never'];

/** Throws unless `--pull` has one of its values. */
export function checkPull({ pull }: CreateOptions): void {
  if (POLICIES.includes(pull.value)) return;
  throw new Error(`invalid pull option: '${pull.value}': must be one of "always", "missing" or "never"`);
}

/** Makes the container, pulling its image if need be; resolves to its id. */
export async function createContainer(cli: Cli, body: CreateBody, options: CreateOptions): Promise<string> {
  checkPlatform(options.platform.value);
  using file = options.cidfile.value ? idFile(options.cidfile.value) : undefined;
  if (file && body.HostConfig) body.HostConfig.ContainerIDFile = options.cidfile.value;
  const { name, reference } = await imageName(body.Image ?? '');
  if (options.pull.value === 'always') await pull(cli, reference, options);
  const created = await createOrPull(cli, { ...body, Image: name }, reference, options);
  for (const warning of created.Warnings ?? []) cli.complain(`WARNING: ${warning}`);
  file?.keep(created.Id);
  return created.Id;
}

async function createOrPull(cli: Cli, body: CreateBody, reference: string, options: CreateOptions) {
  const platform = options.platform.value;
  const query = { name: options.name.value, platform };
  try {
    return await cli.engine.containers.create(body, query);
  } catch (error) {
    const missing = isApiError(error, 404) && /^No such image/i.test(error.message);
    if (!missing || options.pull.value !== 'missing') throw error;
    if (!options.quiet.value) {
      const { familiarName, parseReference, withDefaultTag } = await import('../../spec/reference.ts');
      const shown = familiarName(withDefaultTag(parseReference(reference)));
      cli.complain(`Unable to find image '${shown}' locally`);
    }
    await pull(cli, reference, options);
    return await cli.engine.containers.create(body, query);
  }
}

async function pull(cli: Cli, reference: string, options: CreateOptions): Promise<void> {
  const { pullImage } = await import('./pull-image.ts');
  const platform = options.platform.value;
  await pullImage(cli, reference, { sink: cli.stderr, quiet: options.quiet.value, platform });
}

const PLAIN = /^[a-z0-9][a-z0-9._/-]*(:[\w][\w.-]*)?$/;
const ID = /^[a-f0-9]{64}$/;

/** Compat: the docker CLI judges the reference itself; only a doubtful one is worth loading the parser. */
async function imageName(text: string): Promise<{ name: string; reference: string }> {
  if (PLAIN.test(text) || ID.test(text)) return { name: text, reference: text };
  const { familiarName, parseReference } = await import('../../spec/reference.ts');
  try {
    const parsed = parseReference(text);
    return { name: parsed.digest ? text : familiarName(parsed), reference: text };
  } catch (error) {
    if (/^sha256:[a-f0-9]{1,64}$/.test(text)) return { name: text, reference: text };
    throw error;
  }
}

function checkPlatform(text: string): void {
  if (text !== '' && !/^[\w.-]+(\([\w.+-]*\))?(\/[\w.-]+){0,2}$/.test(text)) {
    const why = 'cannot parse platform specifier: invalid argument';
    throw new Error(`error parsing specified platform: ${JSON.stringify(text)}: ${why}`);
  }
}

/** The file of `--cidfile`: made before the container, gone again if there is none. */
function idFile(path: string): Disposable & { keep(id: string): void } {
  if (nodeFs().existsSync(path)) {
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  let fd: number;
  try {
    fd = nodeFs().openSync(path, 'wx', 0o666);
  } catch (error) {
    throw new Error(`failed to create the container ID file: ${(error as Error).message}`);
  }
  let kept = false;
  return {
    keep(id) {
      nodeFs().writeSync(fd, id);
      kept = true;
    },
    [Symbol.dispose]() {
      nodeFs().closeSync(fd);
      if (!kept) nodeFs().rmSync(path, { force: true });
    },
  };
}
