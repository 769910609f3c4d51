"""Guides for frameworks and languages: Spring, ASP.NET Core, Laravel, PHP, Go."""

from __future__ import annotations

from corscheck.diagnosis.guides.guide import Guide

SPRING = Guide(
    name="spring",
    title="Spring MVC, Spring Security, Spring Boot",
    aliases=("spring-boot", "spring boot", "springboot", "spring-mvc", "spring-security", "spring security"),
    owner=(
        "A CorsConfiguration by path, in a CorsConfigurationSource. Spring Security must be given it too, or it answers "
        "the preflight first: it takes the bean by itself where the bean is a UrlBasedCorsConfigurationSource."
    ),
    configurations={
        "A bean of a @Configuration class:": """\
@Bean
UrlBasedCorsConfigurationSource corsConfigurationSource() {
    var cors = new CorsConfiguration();
    cors.setAllowedOrigins(List.of("https://app.example"));
    cors.setAllowedMethods(List.of("GET", "PUT"));
    cors.setAllowedHeaders(List.of("X-Tenant"));
    var byPath = new UrlBasedCorsConfigurationSource();
    byPath.registerCorsConfiguration("/**", cors);
    return byPath;
}""",
    },
    signals=(
        (
            'A 403 whose body is "Invalid CORS request": Spring\'s own check refused the origin, the method or a header, or '
            "no configuration covers the path. One text for all of them; the DEBUG log of DefaultCorsProcessor says which."
        ),
        "A 401, or a redirect to a login page, for OPTIONS while GET with a token works: Spring Security came first.",
    ),
    traps=(
        "An answer that has Access-Control-Allow-Origin already is left as it is: a filter or proxy that sets one wins.",
        (
            'With setAllowCredentials(true), setAllowedOrigins must not hold "*"; setAllowedOriginPatterns takes patterns '
            "and answers with the origin that matched."
        ),
        (
            "WebFlux and Spring Cloud Gateway do not see this bean: theirs is the CorsWebFilter with the classes of "
            "org.springframework.web.cors.reactive."
        ),
    ),
    source="https://docs.spring.io/spring-security/reference/servlet/integrations/cors.html",
)

ASPNET = Guide(
    name="aspnet",
    title="ASP.NET Core",
    aliases=("asp.net", "asp.net core", "aspnetcore", "aspnet-core", "dotnet", ".net", "kestrel"),
    owner=(
        "The CORS middleware: AddCors declares policies, UseCors applies one. Its place in the order of Program.cs "
        "decides: after UseRouting, before UseAuthentication, UseAuthorization and UseResponseCaching."
    ),
    configurations={
        "Program.cs:": """\
builder.Services.AddCors(options =>
    options.AddDefaultPolicy(policy => policy
        .WithOrigins("https://app.example")
        .WithMethods("GET", "PUT")
        .WithHeaders("X-Tenant")));

var app = builder.Build();
app.UseRouting();
app.UseCors();
app.UseAuthentication();
app.UseAuthorization();""",
    },
    signals=(
        "A 307 for OPTIONS, to the same URL on https: UseHttpsRedirection stands before UseCors, or the page calls http.",
        "A 401 for OPTIONS: UseCors stands after the authorization.",
    ),
    traps=(
        "WithOrigins compares text: a slash at the end of an origin never matches.",
        "AllowAnyOrigin and AllowCredentials exclude each other.",
        "A default policy and an [EnableCors] or RequireCors of an endpoint are both applied: choose one of the two.",
        "On Azure App Service the platform's own CORS setting wins over this code (corscheck explain azure).",
    ),
    source="https://learn.microsoft.com/aspnet/core/security/cors",
    more=("https://github.com/dotnet/AspNetCore.Docs/issues/19957",),
    from_memory=(
        "A preflight of an origin that is not listed gets a 204 without any Access-Control header, and so looks well.",
        "An exception handler clears the headers of the answer: a 500 may lack what the 200 has.",
    ),
)

LARAVEL = Guide(
    name="laravel",
    title="Laravel",
    aliases=("lumen", "laravel-cors", "handlecors"),
    owner=(
        "The global middleware HandleCors of the framework (since 9.2; before that the package fruitcake/laravel-cors), "
        "configured in config/cors.php. Where that file is missing: php artisan config:publish cors."
    ),
    configurations={
        "config/cors.php:": """\
return [
    'paths' => ['api/*', 'login', 'logout', 'sanctum/csrf-cookie'],
    'allowed_methods' => ['GET', 'PUT'],
    'allowed_origins' => ['https://app.example'],
    'allowed_origins_patterns' => [],
    'allowed_headers' => ['X-Tenant'],
    'exposed_headers' => [],
    'max_age' => 600,
    'supports_credentials' => false,
];""",
    },
    signals=(
        "CORS headers on /api/... and none on /login or /sanctum/csrf-cookie: 'paths' does not cover them.",
        "Two Access-Control-Allow-Origin headers: a header() of a route or the web server adds a second one.",
    ),
    traps=(
        "Cookies (Sanctum) need 'supports_credentials' => true, and then a listed origin: browsers refuse \"*\" there.",
        "Origins are written with their scheme and without a path or slash.",
    ),
    source="https://laravel.com/docs/11.x/sanctum#cors-and-cookies",
    more=("https://github.com/barryvdh/laravel-cors",),
    from_memory=("After php artisan config:cache a change of the file counts only once the cache is built again.",),
)

PHP = Guide(
    name="php",
    title="PHP without a framework",
    aliases=("php-fpm", "plain php"),
    owner=(
        "The script itself, by header(), before it prints anything; or the web server in front (corscheck fix --for "
        "nginx, --for apache), but not both."
    ),
    configurations={
        "At the very top of what answers every request:": """\
header('Vary: Origin', false);
if (($_SERVER['HTTP_ORIGIN'] ?? '') === 'https://app.example') {
    header('Access-Control-Allow-Origin: https://app.example');
    if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {
        header('Access-Control-Allow-Methods: PUT');
        header('Access-Control-Allow-Headers: X-Tenant');
        http_response_code(204);
        exit;
    }
}""",
    },
    signals=(
        (
            "No CORS header, and a body that starts with a blank line or a warning: something was printed before header(), "
            "which then has no effect (headers_sent() says where)."
        ),
        "A 405 or 404 for OPTIONS from nginx or Apache: the request never reached the script.",
    ),
    traps=(
        (
            "header() replaces a header of the same name; with false as its second argument it adds one, and two "
            "Access-Control-Allow-Origin headers fail."
        ),
    ),
    source="https://github.com/php/doc-en/blob/master/reference/network/functions/header.xml",
)

GO = Guide(
    name="go",
    title="Go: rs/cors, jub0bs/cors, gin-contrib/cors",
    aliases=("golang", "rs/cors", "rs-cors", "jub0bs/cors", "jub0bs", "gin", "gin-contrib/cors", "net/http"),
    owner=(
        "A middleware around the handler. It must wrap the whole router, so that OPTIONS reaches it before a route "
        "refuses the method and before authentication."
    ),
    configurations={
        "rs/cors:": """\
c := cors.New(cors.Options{
    AllowedOrigins: []string{"https://app.example"},
    AllowedMethods: []string{"GET", "PUT"},
    AllowedHeaders: []string{"X-Tenant"},
})
http.ListenAndServe(":8080", c.Handler(mux))""",
        "jub0bs/cors:": """\
c, err := cors.NewMiddleware(cors.Config{
    Origins:        []string{"https://app.example"},
    Methods:        []string{"GET", "PUT"},
    RequestHeaders: []string{"X-Tenant"},
})
// ... stop if err != nil
http.ListenAndServe(":8080", c.Wrap(mux))""",
        "gin-contrib/cors, before any route:": """\
router.Use(cors.New(cors.Config{
    AllowOrigins: []string{"https://app.example"},
    AllowMethods: []string{"GET", "PUT"},
    AllowHeaders: []string{"X-Tenant"},
}))""",
    },
    signals=(
        (
            'A 405 for OPTIONS with an Allow header: the route is registered with a method ("PUT /data") and the '
            "middleware sits inside of it."
        ),
        (
            "With jub0bs/cors a preflight by hand fails while the browser's passes: it takes Access-Control-Request-Headers "
            "only as browsers write it, in lower case, sorted and without repetitions (corscheck writes it so)."
        ),
    ),
    traps=(
        "rs/cors without AllowedOrigins allows every origin, and without AllowedMethods GET and POST only.",
        (
            'rs/cors takes one "*" anywhere in an origin: with AllowCredentials a short pattern such as "h*" lets everyone '
            "in with cookies (rs/cors#197)."
        ),
        "rs/cors with OptionsPassthrough leaves the answer to OPTIONS to the application.",
    ),
    source="https://pkg.go.dev/github.com/jub0bs/cors",
    more=("https://github.com/rs/cors", "https://github.com/gin-contrib/cors"),
)

GUIDES = (SPRING, ASPNET, LARAVEL, PHP, GO)
