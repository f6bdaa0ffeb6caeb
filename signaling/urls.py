from django.urls import path

from . import installed, views

urlpatterns = [
    path("", views.page, name="call"),
    path("brand.css", views.brand_css, name="brand-css"),
    path("logo", views.logo, name="logo"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("offline/", installed.offline, name="offline"),
    path("worker.js", installed.worker, name="worker"),
    path("api/ice/", views.ice, name="ice"),
    path("api/ticket/", views.ticket, name="ticket"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
]
