import { type Command, exactly } from '../../command.ts';
import { label } from '../../container-options/checks.ts';
import { keyValues } from '../../container-options/cut.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ipamRows } from './ipam-flags.ts';
import { wordsFlag } from './words-flag.ts';

interface Options {
  attachable: Flag<boolean>;
  auxAddress: Flag<string[]>;
  configFrom: Flag<string>;
  configOnly: Flag<boolean>;
  driver: Flag<string>;
  gateway: Flag<string[]>;
  ingress: Flag<boolean>;
  internal: Flag<boolean>;
  ipRange: Flag<string[]>;
  ipamDriver: Flag<string>;
  ipamOpt: Flag<string[]>;
  ipv4: Flag<boolean>;
  ipv6: Flag<boolean>;
  label: Flag<string[]>;
  opt: Flag<string[]>;
  scope: Flag<string>;
  subnet: Flag<string[]>;
}

export const create: Command<Options> = {
  operands: '[OPTIONS] NETWORK',
  summary: 'Make a network',
  arity: exactly(1),
  flags: (flags) => ({
    attachable: flags.bool('attachable', { usage: "For containers of one's own on a swarm network" }),
    auxAddress: flags.list('aux-address', {
      type: 'map',
      usage: "Addresses that are somebody else's: name=ip",
      preset: 'map[]',
    }),
    configFrom: flags.string('config-from', { usage: 'Network whose settings it takes' }),
    configOnly: flags.bool('config-only', { usage: 'Only settings, for others to take' }),
    driver: flags.string('driver', { short: 'd', usage: 'Driver of the network', initial: 'bridge' }),
    gateway: wordsFlag(flags, 'gateway', 'Gateway of a subnet'),
    ingress: flags.bool('ingress', { usage: 'For the routing mesh of a swarm' }),
    internal: flags.bool('internal', { usage: 'No way out, no way in' }),
    ipRange: wordsFlag(flags, 'ip-range', 'Part of the subnet that containers get addresses from'),
    ipamDriver: flags.string('ipam-driver', { usage: 'Who manages the addresses', initial: 'default' }),
    ipamOpt: flags.list('ipam-opt', {
      type: 'map',
      usage: 'Option for the manager of addresses',
      preset: 'map[]',
    }),
    ipv4: flags.bool('ipv4', { usage: 'IPv4 addresses', initial: true }),
    ipv6: flags.bool('ipv6', { usage: 'IPv6 addresses' }),
    label: flags.list('label', { usage: 'Set a label', check: label }),
    opt: flags.list('opt', { short: 'o', type: 'map', usage: 'Option for the driver', preset: 'map[]' }),
    scope: flags.string('scope', { usage: 'local or swarm' }),
    subnet: wordsFlag(flags, 'subnet', 'Subnet, as CIDR'),
  }),
  async run(cli, o, [name = '']) {
    const { Id } = await cli.engine.networks.create({
      Name: name,
      Driver: o.driver.value,
      Scope: o.scope.value,
      ...(o.ipv4.changed ? { EnableIPv4: o.ipv4.value } : {}),
      ...(o.ipv6.changed ? { EnableIPv6: o.ipv6.value } : {}),
      IPAM: {
        Driver: o.ipamDriver.value,
        Options: keyValues(o.ipamOpt.value),
        Config: ipamRows({
          subnets: o.subnet.value,
          ranges: o.ipRange.value,
          gateways: o.gateway.value,
          auxAddresses: o.auxAddress.value,
        }),
      },
      Internal: o.internal.value,
      Ingress: o.ingress.value,
      Attachable: o.attachable.value,
      ConfigOnly: o.configOnly.value,
      ConfigFrom: o.configFrom.value === '' ? null : { Network: o.configFrom.value },
      Options: keyValues(o.opt.value),
      Labels: keyValues(o.label.value),
    });
    cli.print(Id);
    return 0;
  },
};
