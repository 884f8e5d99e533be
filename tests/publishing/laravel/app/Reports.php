<?php
namespace App;

/** Writes what is reported to standard error, where Laravel's own handler has its log. */
class Reports implements \Illuminate\Contracts\Debug\ExceptionHandler {
    public function report(\Throwable $error) { fwrite(STDERR, 'reported: '.$error->getMessage()."\n"); }
    public function shouldReport(\Throwable $error) { return true; }
    public function render($request, \Throwable $error) { throw $error; }
    public function renderForConsole($output, \Throwable $error) { throw $error; }
}
