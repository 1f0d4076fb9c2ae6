/** A schema-qualified relation name, both parts exactly as the catalog holds them (unquoted, at most 63 bytes each). */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}
