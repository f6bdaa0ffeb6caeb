from django.urls import include, path

urlpatterns = [path("", include("pages.urls")), path("", include("signaling.urls"))]
handler400 = "pages.errors.views.refused"
handler404 = "pages.errors.views.not_found"
handler500 = "pages.errors.views.failed"
