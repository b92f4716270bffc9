import "../../domain.ts"; // cli-is-a-client
