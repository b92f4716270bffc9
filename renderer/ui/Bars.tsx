/** Grey bars in place of lines that are asked for: they show after 300 ms, so that what answers at once does not flicker. */
import "./bars.css";

export function Bars({ count }: { count: number }) {
  return (
    <div className="bars" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, at) => (
        <span key={at} />
      ))}
    </div>
  );
}
