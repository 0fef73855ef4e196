// Shows that there is a notice, and opens the inbox. What arrives holds no word about anybody's health.
"use strict";
self.addEventListener("push", (event) => {
  const note = event.data ? event.data.json() : {};
  const shown = { body: note.body || "", tag: note.tag || "notice", data: note.url || "/messages" };
  event.waitUntil(self.registration.showNotification(note.title || "", shown));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data, self.location.origin);
  const own = target.origin === self.location.origin ? target.href : "/messages";
  event.waitUntil(self.clients.openWindow(own));
});
