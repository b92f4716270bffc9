import "../domain.ts"; // domains-know-no-application
