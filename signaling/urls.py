from django.urls import path

from pages.stand.views import live

from . import limits, views

# Here, and not with its page, because it is limited.
stand = limits.limited(limits.screens)(live)

urlpatterns = [
    path("api/check/", views.keep_selftest, name="keep-selftest"),
    path("api/ice/", views.ice, name="ice"),
    path("api/ticket/", views.ticket, name="ticket"),
    path("api/stand/", stand, name="stand-live"),
    path("api/stand/<str:token>/", stand, name="stand-live"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
]
