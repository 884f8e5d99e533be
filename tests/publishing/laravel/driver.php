<?php
// Carries out the test's commands with the page's files, in an application of Laravel's own classes (README.md).
use App\Events\OrderCreated;
use App\Orders;
use Illuminate\Support\Facades\{DB, Facade, Http, Redis, Schema};

require 'Illuminate/autoload.php';
require 'GuzzleHttp/autoload.php';
require __DIR__.'/app/http.php';
require __DIR__.'/app/token.php';
stream_set_timeout(STDIN, 3600); // PHP ends the input of a socket, as Node's pipes are, after a minute of silence
spl_autoload_register(function (string $class): void {
    $file = __DIR__.'/app/'.str_replace('\\', '/', substr($class, strlen('App\\'))).'.php';
    if (str_starts_with($class, 'App\\') && is_file($file)) require $file;
});

$app = new Illuminate\Foundation\Application(__DIR__);
$app->instance('config', new Illuminate\Config\Repository(require __DIR__.'/settings.php'));
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, App\Reports::class);
Facade::setFacadeApplication($app);
foreach ($app['config']['app.providers'] as $provider) $app->register($provider);
$app->boot();
Schema::create('orders', function ($table) { $table->id(); $table->string('title'); });

function roll_back(string $title): string {
    try {
        DB::transaction(function () use ($title) {
            (new Orders)->create($title);
            throw new LogicException('rolled back');
        });
    } catch (LogicException $error) {
        return $error->getMessage();
    }
}

function create(string $title): string {
    $order = (new Orders)->create($title);
    return App\Models\Order::find($order->id)?->title === $title ? 'created' : 'failed: the order is not saved';
}

$commands = [
    'create' => fn ($title) => create($title),
    'rollback' => fn ($title) => roll_back($title),
    'token' => fn ($user) => 'token '.token_for($user),
    'prefixed' => fn ($title) => 'received by '.Redis::publish('orion.order.created', json_encode(['title' => $title])),
    'broadcast' => fn ($title) => event(new OrderCreated(1, $title)) === null ? '' : 'broadcast',
    'http' => function ($title) { publish_over_http(1, $title); return 'created'; },
];
while (($line = fgets(STDIN)) !== false) {
    [$command, $argument] = explode(' ', trim($line), 2);
    echo $commands[$command]($argument), "\n";
}
