from django.urls import path

from . import views

urlpatterns = [
    path("api/check/", views.keep_selftest, name="keep-selftest"),
    path("api/ice/", views.ice, name="ice"),
    path("api/ticket/", views.ticket, name="ticket"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
]
