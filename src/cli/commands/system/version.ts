import { NEWEST_API_VERSION, type VersionInfo } from '../../../client/mod.ts';
import { compileTemplate, type Template } from '../../../spec/go-template/execute.ts';
import { goJson } from '../../../spec/go-template/go-json.ts';
import type { Cli } from '../../cli.ts';
import { clientInfo } from '../../client-info.ts';
import { type Command, NONE } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ansiTime } from '../../output/time.ts';

export const version: Command<{ format: Flag<string> }> = {
  operands: '[OPTIONS]',
  summary: 'Show the versions of client and engine',
  arity: NONE,
  flags: (flags) => ({ format: flags.string('format', { short: 'f', usage: "'json' or a Go template" }) }),
  async run(cli, { format }) {
    const source = format.value === 'json' ? '{{json .}}' : format.value;
    const template = source === '' ? undefined : compile(source);
    let server: VersionInfo | undefined;
    let failure: string | undefined;
    try {
      server = withReadableDates(await cli.engine.system.version());
    } catch (error) {
      failure = errorText(error);
    }
    const data = { Client: clientVersion(cli), Server: server ?? null };
    if (!template) cli.stdout.write(describe(data.Client, server));
    else if (source === '{{json .}}') cli.print(goJson(data, false));
    else cli.print(render(template, data));
    if (failure !== undefined) cli.complain(failure);
    return failure === undefined ? 0 : 1;
  },
};

function compile(source: string): Template {
  try {
    return compileTemplate(source);
  } catch (error) {
    throw new Error(`template parsing error: ${(error as Error).message}`);
  }
}

function render(template: Template, data: unknown): string {
  try {
    return template.render(data);
  } catch (error) {
    throw new Error((error as Error).message);
  }
}

type ClientVersion = ReturnType<typeof clientVersion>;

function clientVersion(cli: Cli) {
  const { Version, GoVersion, Os, Arch } = clientInfo();
  return {
    Version,
    ApiVersion: cli.engine.api.apiVersion,
    DefaultAPIVersion: NEWEST_API_VERSION,
    GitCommit: '',
    GoVersion,
    Os,
    Arch,
    BuildTime: '',
    Context: 'default',
  };
}

function withReadableDates(info: VersionInfo): VersionInfo {
  for (const component of info.Components ?? []) {
    const built = component.Details?.['BuildTime'];
    if (built && component.Details) component.Details['BuildTime'] = ansiTime(built);
  }
  return info;
}

function describe(client: ClientVersion, server: VersionInfo | undefined): string {
  const downgraded =
    client.ApiVersion === client.DefaultAPIVersion ? '' : ` (downgraded from ${client.DefaultAPIVersion})`;
  let text = 'Client:\n';
  text += field(1, 'Version', client.Version);
  text += field(1, 'API version', client.ApiVersion + downgraded);
  text += field(1, 'Runtime', client.GoVersion);
  text += field(1, 'OS/Arch', `${client.Os}/${client.Arch}`);
  text += field(1, 'Context', client.Context);
  if (!server) return text;
  text += `\nServer:${server.Platform?.Name ? ` ${server.Platform.Name}` : ''}\n`;
  for (const { Name, Version, Details = {} } of server.Components ?? []) {
    text += ` ${Name}:\n${field(2, 'Version', Version)}`;
    text += Name === 'Engine' ? engineDetails(Details) : otherDetails(Details);
  }
  return text;
}

function engineDetails(details: Record<string, string>): string {
  const get = (name: string) => details[name] ?? '';
  return [
    field(2, 'API version', `${get('ApiVersion')} (minimum version ${get('MinAPIVersion')})`),
    field(2, 'Runtime', get('GoVersion')),
    field(2, 'Git commit', get('GitCommit')),
    field(2, 'Built', get('BuildTime')),
    field(2, 'OS/Arch', `${get('Os')}/${get('Arch')}`),
    field(2, 'Experimental', get('Experimental')),
  ].join('');
}

function otherDetails(details: Record<string, string>): string {
  return Object.keys(details)
    .sort()
    .map((name) => field(2, name, details[name] ?? ''))
    .join('');
}

/** One line; values begin in the same column at each depth. */
function field(depth: number, name: string, value: string): string {
  const start = `${' '.repeat(depth)}${name}:`;
  return `${start.padEnd(20)}${value}\n`;
}
