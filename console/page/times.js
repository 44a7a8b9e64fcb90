// Moments and lengths of time, as people say them.

const CLOCK = {hour: "2-digit", minute: "2-digit"};

// The clock alone for today, else with the date; the year where it is another.
export function when(iso, clock = CLOCK) {
  const at = new Date(iso), now = new Date(), time = at.toLocaleTimeString([], clock);
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? {} : {year: "numeric"};
  return `${at.toLocaleDateString([], {day: "numeric", month: "short", ...year})}, ${time}`;
}

export const toTheSecond = iso => when(iso, {...CLOCK, second: "2-digit"});

export function lasted(job) {
  const seconds = Math.max(0, ((job.completed_at ? Date.parse(job.completed_at) : Date.now()) - Date.parse(job.created_at)) / 1000);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86400)} days`;
}
