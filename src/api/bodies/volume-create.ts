import type { VolumeCreateRequest } from '../../engine/volumes/mod.ts';
import { type Codec, decode, map, nullable, string, struct } from '../http/go-json.ts';

interface Document {
  Name: string;
  Driver: string;
  DriverOpts: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

const document = struct<Document>('CreateRequest', {
  Name: string,
  Driver: string,
  DriverOpts: nullable(map(string)),
  Labels: nullable(map(string)),
});

/** The body of `POST /volumes/create`. */
export const volumeCreate: Codec<VolumeCreateRequest> = {
  go: document.go,
  read(value) {
    const { Name, Driver, DriverOpts, Labels } = decode(document, value);
    return { name: Name, driver: Driver, options: DriverOpts, labels: Labels };
  },
};
