/** Spec: OCI image spec, image-index.md, "platform". */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  'os.version'?: string;
  'os.features'?: string[];
}
