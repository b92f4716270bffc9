import type { Domain } from "../main/domain.ts"; // renderer-sees-only-shared, nothing-imports-main; a type only
import "node:path"; // renderer-has-no-node

export const Page = ({ domain }: { domain: Domain }) => <>{domain}</>;
