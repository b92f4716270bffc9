/** Keeps what cannot be drawn from taking the rest of the page with it: without one React takes all of it away. */
import { Component, type ReactNode } from "react";

interface BoundaryProps {
  /** In place of what has failed; `again` tries once more. */
  fallback: (again: () => void) => ReactNode;
  /** Called once for each failure, when `fallback` is there. */
  failed: (error: unknown) => void;
  children: ReactNode;
}

interface BoundaryState {
  hasFailed: boolean;
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { hasFailed: false };

  static getDerivedStateFromError(): BoundaryState {
    return { hasFailed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.failed(error);
  }

  readonly #again = (): void => this.setState({ hasFailed: false });

  override render(): ReactNode {
    return this.state.hasFailed ? this.props.fallback(this.#again) : this.props.children;
  }
}
