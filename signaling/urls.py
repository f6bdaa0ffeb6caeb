from django.urls import path

from . import installed, phone, stand, views

urlpatterns = [
    path("", views.page, name="call"),
    path("logo", views.logo, name="logo"),
    path("check/", views.check, name="check"),
    path("api/check/", views.keep_checkup, name="keep-checkup"),
    path("stand/", stand.page, name="stand"),
    path("stand/<str:token>/", stand.page, name="stand"),
    path("s/", stand.scanned, name="scanned"),
    path("s/<str:token>/", stand.scanned, name="scanned"),
    path("api/stand/", stand.live, name="stand-live"),
    path("api/stand/<str:token>/", stand.live, name="stand-live"),
    path("phone/", phone.steps, name="phone"),
    path("phone/authority/", phone.authority, name="phone-authority"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("offline/", installed.offline, name="offline"),
    path("worker.js", installed.worker, name="worker"),
    path("api/ice/", views.ice, name="ice"),
    path("api/ticket/", views.ticket, name="ticket"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
]
