/** What `atoll doctor` says. */

export interface DoctorCheck {
  id: string;
  status: "ok" | "warn" | "fail";
  detail: string;
  remedy: string;
}
