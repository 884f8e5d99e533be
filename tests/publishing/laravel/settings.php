<?php
// The settings that the page's files need, as a new Laravel application has them: with its prefix in Redis.
return [
    'app' => ['providers' => [
        Illuminate\Bus\BusServiceProvider::class,
        Illuminate\Database\DatabaseServiceProvider::class,
        Illuminate\Events\EventServiceProvider::class,
        Illuminate\Filesystem\FilesystemServiceProvider::class,
        Illuminate\Queue\QueueServiceProvider::class,
        Illuminate\Redis\RedisServiceProvider::class,
        Illuminate\Broadcasting\BroadcastServiceProvider::class,
    ]],
    'broadcasting' => ['default' => 'redis', 'connections' => ['redis' => ['driver' => 'redis', 'connection' => 'events']]],
    'database' => [
        'default' => 'sqlite',
        'connections' => ['sqlite' => ['driver' => 'sqlite', 'database' => ':memory:']],
        'redis' => [
            'client' => 'phpredis',
            'options' => [
                'cluster' => 'redis',
                'prefix' => env('REDIS_PREFIX', Illuminate\Support\Str::slug(env('APP_NAME', 'laravel'), '_').'_database_'),
            ],
            'default' => ['url' => env('REDIS_URL')],
        ] + require __DIR__.'/config/database.php',
    ],
    'queue' => ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']]],
];
