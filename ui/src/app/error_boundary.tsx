import { Component, type ReactNode } from "react";

/** A page that breaks says so, and leaves the others alone. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <section className="page">
        <div className="notice notice-bad" role="alert">
          <strong>This page has broken.</strong> {this.state.error.message}
          <p>
            <button type="button" onClick={() => location.reload()}>
              Load it again
            </button>
          </p>
        </div>
      </section>
    );
  }
}
