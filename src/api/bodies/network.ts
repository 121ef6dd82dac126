import type { NetworkCreateRequest } from '../../engine/networks/mod.ts';
import type { EndpointSettings, IpamConfig } from '../../spec/docker/mod.ts';
import { bool, type Codec, decode, list, map, nullable, optional, string, struct } from '../http/go-json.ts';
import { endpoint } from './container-create.ts';

interface CreateDocument {
  Name: string;
  Driver: string;
  Scope: string;
  EnableIPv4: boolean | undefined;
  EnableIPv6: boolean | null;
  IPAM: IpamDocument | null;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigOnly: boolean;
  ConfigFrom: { Network: string } | null;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
  CheckDuplicate: boolean | null;
}

interface IpamDocument {
  Driver: string;
  Options: Record<string, string> | null;
  Config: IpamConfig[] | null;
}

const createDocument = struct<CreateDocument>('CreateRequest', {
  Name: string,
  Driver: string,
  Scope: string,
  EnableIPv4: optional(bool),
  EnableIPv6: nullable(bool),
  IPAM: nullable(
    struct<IpamDocument>('IPAM', {
      Driver: string,
      Options: nullable(map(string)),
      Config: nullable(
        list(
          struct<IpamConfig>('IPAMConfig', {
            Subnet: optional(string),
            IPRange: optional(string),
            Gateway: optional(string),
            AuxiliaryAddresses: optional(map(string)),
          }),
        ),
      ),
    }),
  ),
  Internal: bool,
  Attachable: bool,
  Ingress: bool,
  ConfigOnly: bool,
  ConfigFrom: nullable(struct<{ Network: string }>('ConfigReference', { Network: string })),
  Options: nullable(map(string)),
  Labels: nullable(map(string)),
  // Compat: names are unique whatever it says, since API 1.44.
  CheckDuplicate: nullable(bool),
});

/** The body of `POST /networks/create`. */
export const networkCreate: Codec<NetworkCreateRequest> = {
  go: createDocument.go,
  read(value) {
    const body = decode(createDocument, value);
    return {
      name: body.Name,
      driver: body.Driver,
      scope: body.Scope,
      enableIpv4: body.EnableIPv4,
      enableIpv6: body.EnableIPv6 ?? undefined,
      ipam: {
        driver: body.IPAM?.Driver ?? '',
        options: body.IPAM?.Options ?? {},
        config: body.IPAM?.Config ?? [],
      },
      internal: body.Internal,
      attachable: body.Attachable,
      ingress: body.Ingress,
      configOnly: body.ConfigOnly,
      configFrom: body.ConfigFrom?.Network ?? '',
      options: body.Options ?? {},
      labels: body.Labels ?? {},
    };
  },
};

interface ConnectDocument {
  Container: string;
  EndpointConfig: Partial<EndpointSettings> | null;
}

const connectDocument = struct<ConnectDocument>('ConnectRequest', {
  Container: string,
  EndpointConfig: nullable(endpoint),
});

/** The body of `POST /networks/{id}/connect`. */
export const networkConnect: Codec<{ container: string; settings: Partial<EndpointSettings> }> = {
  go: connectDocument.go,
  read(value) {
    const { Container, EndpointConfig } = decode(connectDocument, value);
    return { container: Container, settings: EndpointConfig ?? {} };
  },
};

interface DisconnectDocument {
  Container: string;
  Force: boolean;
}

const disconnectDocument = struct<DisconnectDocument>('DisconnectRequest', {
  Container: string,
  Force: bool,
});

/** The body of `POST /networks/{id}/disconnect`. */
export const networkDisconnect: Codec<{ container: string; force: boolean }> = {
  go: disconnectDocument.go,
  read(value) {
    const { Container, Force } = decode(disconnectDocument, value);
    return { container: Container, force: Force };
  },
};
