<?php
namespace App\Models;

class Order extends \Illuminate\Database\Eloquent\Model {
    public $timestamps = false;
    protected $guarded = [];
}
