import type { Command } from '../command.ts';

/** A verb; its file is loaded when it is called. */
interface Verb {
  summary: string;
  load(): Promise<Command>;
  /** Another name of a verb beside it, not listed in the help. */
  alias?: true;
}

export interface Group {
  summary: string;
  commands: Record<string, Verb | Group>;
}

const c = {
  attach: verb(
    'Attach to the streams of a running container',
    async () => (await import('./container/attach.ts')).attach,
  ),
  commit: verb(
    "Make an image of a container's changes",
    async () => (await import('./container/commit.ts')).commit,
  ),
  cp: verb(
    'Copy files between a container and this machine',
    async () => (await import('./container/cp.ts')).cp,
  ),
  create: verb(
    'Make a container without starting it',
    async () => (await import('./container/create.ts')).create,
  ),
  diff: verb(
    'Show what a container changed in its files',
    async () => (await import('./container/diff.ts')).diff,
  ),
  exec: verb('Run a command in a running container', async () => (await import('./container/exec.ts')).exec),
  export: verb(
    "Write a container's files to an archive",
    async () => (await import('./container/export.ts')).exportContainer,
  ),
  inspect: verb(
    'Show everything about containers',
    async () => (await import('./container/inspect.ts')).inspect,
  ),
  kill: verb('Send a signal to running containers', async () => (await import('./container/kill.ts')).kill),
  logs: verb("Print a container's output", async () => (await import('./container/logs.ts')).logs),
  ls: verb('List containers', async () => (await import('./container/ls.ts')).ls),
  prune: verb('Remove all stopped containers', async () => (await import('./container/prune.ts')).prune),
  pause: verb('Freeze all processes of containers', async () => (await import('./container/pause.ts')).pause),
  port: verb("List a container's published ports", async () => (await import('./container/port.ts')).port),
  rename: verb('Give a container another name', async () => (await import('./container/rename.ts')).rename),
  restart: verb('Stop and start containers', async () => (await import('./container/restart.ts')).restart),
  rm: verb('Remove containers', async () => (await import('./container/rm.ts')).rm),
  run: verb(
    'Make a container from an image and run it',
    async () => (await import('./container/run.ts')).run,
  ),
  start: verb('Start stopped containers', async () => (await import('./container/start.ts')).start),
  stats: verb('Show what containers use, live', async () => (await import('./container/stats.ts')).stats),
  stop: verb('Stop running containers', async () => (await import('./container/stop.ts')).stop),
  top: verb("List a container's processes", async () => (await import('./container/top.ts')).top),
  unpause: verb('Let frozen containers go on', async () => (await import('./container/pause.ts')).unpause),
  update: verb(
    'Change limits and the restart policy of containers',
    async () => (await import('./container/update.ts')).update,
  ),
  wait: verb(
    'Wait until containers stop, print their exit codes',
    async () => (await import('./container/wait.ts')).wait,
  ),
};

const i = {
  history: verb('Show how an image was made', async () => (await import('./image/history.ts')).history),
  import: verb(
    'Make an image of a root file system in an archive',
    async () => (await import('./image/import.ts')).importImage,
  ),
  inspect: verb('Show everything about images', async () => (await import('./image/inspect.ts')).inspect),
  load: verb('Load images from an archive', async () => (await import('./image/load.ts')).load),
  ls: verb('List images', async () => (await import('./image/ls.ts')).ls),
  prune: verb('Remove images that no container uses', async () => (await import('./image/prune.ts')).prune),
  pull: verb('Download an image from a registry', async () => (await import('./image/pull.ts')).pull),
  push: verb('Upload an image to a registry', async () => (await import('./image/push.ts')).push),
  rm: verb('Remove images', async () => (await import('./image/rm.ts')).rm),
  save: verb('Write images to an archive', async () => (await import('./image/save.ts')).save),
  tag: verb('Give an image another name', async () => (await import('./image/tag.ts')).tag),
};

const system = {
  events: verb(
    'Show what happens in the engine, as it happens',
    async () => (await import('./system/events.ts')).events,
  ),
  df: verb('Show what is on the disk', async () => (await import('./system/df.ts')).df),
  info: verb('Show what the engine and its machine are', async () => (await import('./system/info.ts')).info),
  prune: verb('Remove all that is not used', async () => (await import('./system/prune.ts')).prune),
};

const { ls, prune: _containerPrune, ...containerVerbs } = c;

/** All commands. Compat: top-level verbs are the docker CLI's old names of the nouns' verbs. */
const ROOT: Group = {
  summary: 'A container engine that speaks the Docker Engine API',
  commands: {
    builder: {
      summary: 'Manage what builds leave',
      commands: {
        prune: verb(
          'Remove what builds left for later ones',
          async () => (await import('./builder/prune.ts')).prune,
        ),
      },
    },
    container: {
      summary: 'Manage containers',
      commands: { ...c, list: alias(c.ls), ps: alias(c.ls), remove: alias(c.rm) },
    },
    image: { summary: 'Manage images', commands: { ...i, list: alias(i.ls), remove: alias(i.rm) } },
    network: {
      summary: 'Manage networks',
      commands: {
        connect: verb(
          'Put a container into a network',
          async () => (await import('./network/connect.ts')).connect,
        ),
        create: verb('Make a network', async () => (await import('./network/create.ts')).create),
        disconnect: verb(
          'Take a container out of a network',
          async () => (await import('./network/disconnect.ts')).disconnect,
        ),
        inspect: verb(
          'Show everything about networks',
          async () => (await import('./network/inspect.ts')).inspect,
        ),
        ls: verb('List networks', async () => (await import('./network/ls.ts')).ls),
        list: alias(verb('', async () => (await import('./network/ls.ts')).ls)),
        prune: verb(
          'Remove all networks that no container is on',
          async () => (await import('./network/prune.ts')).prune,
        ),
        rm: verb('Remove networks', async () => (await import('./network/rm.ts')).rm),
        remove: alias(verb('', async () => (await import('./network/rm.ts')).rm)),
      },
    },
    system: { summary: 'Look at the engine and clean up', commands: system },
    volume: {
      summary: 'Manage volumes',
      commands: {
        create: verb('Make a volume', async () => (await import('./volume/create.ts')).create),
        inspect: verb(
          'Show everything about volumes',
          async () => (await import('./volume/inspect.ts')).inspect,
        ),
        ls: verb('List volumes', async () => (await import('./volume/ls.ts')).ls),
        list: alias(verb('', async () => (await import('./volume/ls.ts')).ls)),
        prune: verb(
          'Remove volumes that no container uses',
          async () => (await import('./volume/prune.ts')).prune,
        ),
        rm: verb('Remove volumes', async () => (await import('./volume/rm.ts')).rm),
        remove: alias(verb('', async () => (await import('./volume/rm.ts')).rm)),
      },
    },
    ...containerVerbs,
    ps: ls,
    history: i.history,
    images: i.ls,
    inspect: verb('Show everything about any object', async () => (await import('./inspect.ts')).inspect),
    events: system.events,
    info: system.info,
    login: verb('Log in to a registry', async () => (await import('./registry/login.ts')).login),
    logout: verb('Log out from a registry', async () => (await import('./registry/logout.ts')).logout),
    import: i.import,
    load: i.load,
    pull: i.pull,
    push: i.push,
    rmi: i.rm,
    save: i.save,
    search: verb(
      'Search Docker Hub, or the registry that the term names',
      async () => (await import('./image/search.ts')).search,
    ),
    tag: i.tag,
    version: verb(
      'Show the versions of client and engine',
      async () => (await import('./system/version.ts')).version,
    ),
  },
};

type Found =
  | { command: Command; names: string[] }
  | { group: Group; names: string[] }
  | { missing: string[]; depth: number };

/** The command that `words` begin with, or the group if they end there. */
export async function findCommand(words: readonly string[]): Promise<Found> {
  let group = ROOT;
  const names: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) break;
    const entry = Object.hasOwn(group.commands, word) ? group.commands[word] : undefined;
    if (!entry) return { missing: names, depth: names.length };
    names.push(word);
    if ('load' in entry) return { command: await entry.load(), names };
    group = entry;
  }
  return { group, names };
}

function verb(summary: string, load: () => Promise<Command>): Verb {
  return { summary, load };
}

function alias(of: Verb): Verb {
  return { ...of, alias: true };
}
