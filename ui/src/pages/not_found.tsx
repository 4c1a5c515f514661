import { Link } from "wouter";

export function NotFound() {
  return (
    <section className="page">
      <div className="empty">
        <h1>There is no such page.</h1>
        <p>
          <Link href="/">To the inbox</Link>
        </p>
      </div>
    </section>
  );
}
